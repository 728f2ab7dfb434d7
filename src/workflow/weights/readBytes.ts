/** All bytes of an address, an answer, a file or a memory, with progress, checked. */
import { kindOf, shown } from '../../core/arguments.js';
import { UsageError, WeightsError } from '../../core/errors.js';
import { byteSize } from '../../core/formatting.js';
import { tell, untilAborted, type WorkOptions } from '../../core/work.js';
import { requireMemory } from '../../densenet/weights/weightArguments.js';

/** Where bytes are: an address, what `fetch` takes or gives, a file of the user's, or memory. */
export type ByteSource = string | URL | Request | Response | Blob | ArrayBuffer | Uint8Array;

/** Twice what DenseNet201 in float64 with Adam's state takes. */
const LARGEST = 2 ** 30;

/** Of an address, without what stands behind `?` and `#`, which may be a secret; undefined for what has no address. */
export function addressOf(source: ByteSource): URL | undefined {
  const kind = kindOf(source);
  if (kind !== 'String' && kind !== 'URL' && kind !== 'Request') return undefined;
  const text = kind === 'Request' ? (source as Request).url : String(source);
  try {
    return new URL(text, globalThis.location?.href);
  } catch {
    throw new UsageError(
      `'${text}' is no address.`,
      'Give https://..., or in Node read a file with readWeightFile.',
    );
  }
}

/** What messages call a source. */
export function nameOf(address: URL | undefined): string {
  return address && /^https?:$/.test(address.protocol)
    ? address.origin + address.pathname
    : 'The weight file';
}

/**
 * @param name what errors call it
 * @throws UsageError for what is no source, or an answer that was read already; WeightsError where a server cannot be
 *   reached, refuses, or sends less than it says, and for more than 1.07 GB; the signal's reason
 */
export async function readBytes(source: ByteSource, name: string, work: WorkOptions): Promise<Uint8Array> {
  const kind = kindOf(source);
  if (kind === 'Uint8Array' || kind === 'ArrayBuffer') {
    requireMemory(kind === 'ArrayBuffer' ? (source as ArrayBuffer) : (source as Uint8Array).buffer);
    return kind === 'ArrayBuffer' ? new Uint8Array(source as ArrayBuffer) : (source as Uint8Array);
  }
  if (kind === 'Blob' || kind === 'File') {
    const { size } = source as Blob;
    return readStream((source as Blob).stream(), size, name, work);
  }
  if (kind === 'Response') return readResponse(source as Response, name, work);
  if (['String', 'URL', 'Request'].includes(kind))
    return fetched(source as string | URL | Request, name, work);
  throw new UsageError(
    `The weights are ${shown(source)}, no address, Request, Response, Blob, ArrayBuffer or Uint8Array.`,
  );
}

async function fetched(source: string | URL | Request, name: string, work: WorkOptions): Promise<Uint8Array> {
  const { signal } = work;
  const response = await untilAborted(fetch(source, { signal }), signal).catch((cause) =>
    broken(cause, name, work),
  );
  return readResponse(response, name, work);
}

async function readResponse(response: Response, name: string, work: WorkOptions): Promise<Uint8Array> {
  if (response.type === 'opaque') {
    throw new WeightsError(`${name} may not be read by this page.`, "Fetch it without mode 'no-cors'.");
  }
  if (!response.ok) {
    const hints: Record<number, string> = {
      401: 'It wants a log-in: give a Request with the headers for it.',
      403: 'It wants a log-in: give a Request with the headers for it.',
      404: 'Check the address.',
    };
    throw new WeightsError(
      `${name}: the server answers ${`${response.status} ${response.statusText}`.trim()}.`,
      hints[response.status] ?? 'Try again later.',
    );
  }
  if (response.bodyUsed) {
    throw new UsageError(
      `${name}: this Response was read already.`,
      'Give response.clone(), or its ArrayBuffer.',
    );
  }
  const length = response.headers.get('content-length');
  const total = length === null ? undefined : Number(length);
  if (response.body === null) return new Uint8Array(0);
  const bytes = await readStream(response.body, total, name, work);
  // Of packed answers the length is that of the packed bytes; other origins do not say which are.
  const isPacked = response.headers.has('content-encoding');
  if (isPacked || total === undefined || bytes.length >= total) return bytes;
  throw new WeightsError(`${name} is cut short: ${bytes.length} of ${total} bytes came.`, 'Fetch it again.');
}

async function readStream(
  stream: ReadableStream<Uint8Array>,
  total: number | undefined,
  name: string,
  work: WorkOptions,
): Promise<Uint8Array> {
  const reader = stream.getReader();
  const parts: Uint8Array[] = [];
  let done = 0;
  try {
    for (;;) {
      if (Math.max(done, total ?? 0) > LARGEST) {
        throw new WeightsError(`${name} has more than ${byteSize(LARGEST)}, and no weights have as much.`);
      }
      const known = total !== undefined && done <= total ? { total } : {};
      await tell(work, { phase: 'load', done, ...known, unit: 'bytes', note: name });
      const part = await untilAborted(reader.read(), work.signal).catch((cause) => broken(cause, name, work));
      if (part.done) break;
      parts.push(part.value);
      done += part.value.length;
    }
  } catch (error) {
    void reader.cancel(error).catch(() => undefined);
    throw error;
  }
  const bytes = new Uint8Array(done);
  let end = 0;
  for (const part of parts) {
    bytes.set(part, end);
    end += part.length;
  }
  return bytes;
}

function broken(cause: unknown, name: string, { signal }: WorkOptions): never {
  if (signal?.aborted) throw signal.reason;
  const { message } = cause as Error;
  throw new WeightsError(
    `${name} could not be loaded: ${message}.`,
    'Check the address and the connection; a server of another origin has to allow this page (CORS).',
    { cause },
  );
}
