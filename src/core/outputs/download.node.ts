/**
 * A file from the web, whole or not at all. Its bytes go into a file beside it, from where a later call goes on; only
 * when size and hash are those that are expected does it get its name.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { UsageError } from '../errors.js';
import { byteSize, whole } from '../formatting.js';
import type { FileErrorClass } from '../readFile.node.js';
import { writeError } from '../writeFile.node.js';
import { finalPlace, makeFolder, syncFolder, unmakeFolders } from './realPaths.node.js';
import { isGone, isOwn, newToken } from './workToken.node.js';

/** What the file must be. */
export interface ExpectedFile {
  readonly bytes: number;
  readonly algorithm: 'sha256' | 'md5';
  /** Hex. */
  readonly digest: string;
}

export interface DownloadOptions {
  readonly expected: ExpectedFile;
  /** The class of the errors about what the server sends. */
  readonly error: FileErrorClass;
  /** A connection on which nothing comes for so long is given up. Default 30 s. */
  readonly idleMs?: number;
  /** Connections in a row that may break before a byte has come. Default 4. */
  readonly attempts?: number;
  /** Between two connections; twice as long with each in a row that brought nothing. Default 1 s. */
  readonly pauseMs?: number;
  readonly signal?: AbortSignal;
  /** Bytes that are there, of `expected.bytes`; waited for, and what it throws ends the download. */
  readonly onProgress?: (bytes: number) => unknown;
}

/** A connection that broke; another one may do. */
class Broken extends Error {}

/** Parts that this process is writing. */
const active = new Set<string>();

/** Whether `file` is there and is what is expected. */
export async function isExpected(file: string, { bytes, algorithm, digest }: ExpectedFile): Promise<boolean> {
  const info = await stat(file).catch(() => null);
  if (!info?.isFile() || info.size !== bytes) return false;
  return (await hashOf(file, algorithm)) === digest;
}

/**
 * Fetches `url` into `target`, making its folder.
 * @returns how many bytes came from an earlier call that was interrupted
 * @throws UsageError for an address that is none of http, and while another process fetches the same file; the class in
 *   `options.error` for a server that cannot be reached or sends something else; DataError where it cannot be written;
 *   what `signal` is aborted with, what `onProgress` throws
 */
export async function download(url: string, target: string, options: DownloadOptions): Promise<number> {
  const address = httpAddress(url);
  const place = await finalPlace(target);
  let part: string | undefined;
  let made: string[] = [];
  try {
    made = await makeFolder(dirname(place));
    part = await claimPart(place);
    active.add(part);
    const resumed = await receive(address, part, options);
    await rename(part, place);
    await syncFolder(dirname(place));
    return resumed;
  } catch (cause) {
    // Nothing came: nothing stays.
    if (part !== undefined && (await sizeOf(part)) === 0) await rm(part, { force: true });
    await unmakeFolders(made);
    if (isFileSystem(cause)) throw writeError(target, cause);
    throw cause;
  } finally {
    if (part !== undefined) active.delete(part);
  }
}

const sizeOf = (file: string): Promise<number | null> =>
  stat(file).then(
    ({ size }) => size,
    () => null,
  );

/** Those of connections are the cause of what `fetch` throws. */
const isFileSystem = (cause: unknown): boolean => (cause as NodeJS.ErrnoException)?.syscall !== undefined;

function httpAddress(url: string): URL {
  const address = URL.canParse(url) ? new URL(url) : null;
  if (address && /^https?:$/.test(address.protocol)) return address;
  throw new UsageError(`'${url}' is no address of a file on the web.`, 'Give one that begins with https://.');
}

/**
 * The file that bytes go into: `<name>.<token>.part`, where the token says who writes it. What an ended process left is
 * gone on with: whoever gives it the own name first has it.
 * @throws UsageError while a living process has one
 */
async function claimPart(place: string): Promise<string> {
  const folder = dirname(place);
  const partOf = (token: string) => join(folder, `${basename(place)}.${token}.part`);
  const mine = partOf(newToken());
  for (const [path, token] of await partsOf(place)) {
    if (!isGone(token) && (!isOwn(token) || active.has(path))) {
      throw new UsageError(
        `Another process is fetching ${place}.`,
        `Wait for it; if there is none, remove ${basename(path)}.`,
      );
    }
    const claimed = await rename(path, mine).then(
      () => true,
      () => false,
    );
    if (claimed) return mine;
  }
  await (await open(mine, 'a')).close();
  return mine;
}

async function partsOf(place: string): Promise<[path: string, token: string][]> {
  const start = `${basename(place)}.`;
  const names = await readdir(dirname(place));
  return names
    .filter((name) => name.startsWith(start) && name.endsWith('.part'))
    .map((name) => [join(dirname(place), name), name.slice(start.length, -'.part'.length)]);
}

/** Fills `part` until it is the expected file. @returns the bytes that were there before */
async function receive(url: URL, part: string, options: DownloadOptions): Promise<number> {
  const { expected, attempts = 4, pauseMs = 1000, signal } = options;
  const before = (await stat(part)).size;
  let resumed = before;
  for (let failed = 0; ; ) {
    signal?.throwIfAborted();
    const from = (await stat(part)).size;
    const problem = from < expected.bytes ? await receiveOnce(url, part, from, options) : null;
    if (problem) {
      const { size } = await stat(part);
      failed = size > from ? 0 : failed + 1;
      const hint =
        size > 0 ? 'Try again: what has come is kept.' : 'Try again, or another address with `url`.';
      if (failed >= attempts) throw new options.error(problem.message, hint);
      await sleep(pauseMs * 2 ** failed, undefined, { signal }).catch(() => signal?.throwIfAborted());
      continue;
    }
    if (await isExpected(part, expected)) return resumed;
    const found = (await stat(part)).size === expected.bytes && (await hashOf(part, expected.algorithm));
    await rm(part, { force: true });
    // Perhaps the beginning, of an earlier call, was another file's: once more, all of it.
    if (resumed === 0) throw wrongFile(url, found, options);
    resumed = 0;
    await (await open(part, 'a')).close();
  }
}

function wrongFile(url: URL, found: string | false, { expected, error }: DownloadOptions): Error {
  const what = found
    ? `has the ${expected.algorithm} ${found}, not ${expected.digest}`
    : `is not of ${whole(expected.bytes)} bytes`;
  return new error(
    `What ${url} sent is altered: it ${what}. Nothing of it was kept.`,
    'Try another address with `url`.',
  );
}

/** One connection. @returns what broke it, null when it came to its end */
async function receiveOnce(
  url: URL,
  part: string,
  from: number,
  options: DownloadOptions,
): Promise<Broken | null> {
  const { idleMs = 30_000, signal, onProgress, expected } = options;
  const idle = new AbortController();
  const stalled = new Broken(`${url.host} has sent nothing for ${Math.round(idleMs / 1000)} s.`);
  let timer = setTimeout(() => idle.abort(stalled), idleMs);
  let handle: FileHandle | undefined;
  let listenerThrew = false;
  try {
    const headers: Record<string, string> = { 'accept-encoding': 'identity' };
    if (from > 0) headers.range = `bytes=${from}-`;
    const stop = signal ? AbortSignal.any([signal, idle.signal]) : idle.signal;
    const response = await fetch(url, { headers, signal: stop });
    const start = startOf(url, response, from, options);
    handle = await open(part, start === 0 ? 'w' : 'r+');
    let at = start;
    for await (const chunk of response.body ?? []) {
      clearTimeout(timer);
      await handle.write(chunk, 0, chunk.length, at);
      at += chunk.length;
      if (at > expected.bytes) return null;
      listenerThrew = true;
      await onProgress?.(at);
      listenerThrew = false;
      timer = setTimeout(() => idle.abort(stalled), idleMs);
    }
    await handle.sync();
    return at < expected.bytes
      ? new Broken(`${url.host} closed the connection after ${byteSize(at)}.`)
      : null;
  } catch (cause) {
    signal?.throwIfAborted();
    if (listenerThrew) throw cause;
    if (cause instanceof Broken) return cause;
    return brokenBy(url, cause, options);
  } finally {
    clearTimeout(timer);
    idle.abort();
    await handle?.close();
  }
}

/**
 * The place in the file that the response begins at.
 * @throws Broken where the server is troubled for the moment; the class in `options.error` where it has no such file
 */
function startOf(url: URL, response: Response, from: number, { expected, error }: DownloadOptions): number {
  const { status, statusText, headers } = response;
  if (status >= 500 || status === 429 || status === 408) {
    throw new Broken(`${url.host} answers ${status} ${statusText}.`);
  }
  const partly = status === 206;
  if (status !== 200 && !partly) {
    throw new error(`${url} answers ${status} ${statusText}.`, 'Try another address with `url`.');
  }
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get('content-range') ?? '');
  const start = partly ? Number(range?.[1] ?? Number.NaN) : 0;
  if (partly && start !== from) {
    throw new error(
      `${url} sends another part of the file than was asked for.`,
      'Try another address with `url`.',
    );
  }
  const length = Number(headers.get('content-length') ?? Number.NaN);
  const total = partly && range && range[2] !== '*' ? Number(range[2]) : start + length;
  if (Number.isNaN(total) || total === expected.bytes) return start;
  const kind = (headers.get('content-type') ?? 'something').split(';')[0];
  throw new error(
    `${url} is not that file: it sends ${kind} of ${whole(total)} bytes, not ${whole(expected.bytes)}.`,
    'Try another address with `url`.',
  );
}

/** Errors of a connection that is there; one that cannot be made ends the download. */
function brokenBy(url: URL, cause: unknown, { error }: DownloadOptions): Broken {
  if (cause instanceof error || isFileSystem(cause)) throw cause;
  const { code, message } = ((cause as Error).cause ?? cause) as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'ENETUNREACH') {
    throw new error(
      `${url.host} cannot be reached (${code}).`,
      'Look at the network, or name another address with `url`.',
    );
  }
  return new Broken(`The connection to ${url.host} broke (${code ?? message}).`);
}

async function hashOf(file: string, algorithm: string): Promise<string> {
  const hash = createHash(algorithm);
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
