/** Public weight files from the web into the folder where `--weights NAME` finds them. */

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { requireObject } from '../../core/arguments.js';
import { UsageError, WeightsError } from '../../core/errors.js';
import { byteSize, whole } from '../../core/formatting.js';
import { refuseMisspelt } from '../../core/nearNames.js';
import { download, isExpected } from '../../core/outputs/download.node.js';
import { requireFileName } from '../../core/outputs/singleFile.node.js';
import { tell } from '../../core/work.js';
import { type Fetchable, KNOWN_WEIGHTS, type KnownWeights } from '../../densenet/weights/publicFiles.js';
import { weightsFolder } from '../../densenet/weights/weights.node.js';
import { type CallContext, checkContext } from '../reporter.js';

/** Short names of the files that can be fetched. */
export const FETCHABLE: readonly string[] = KNOWN_WEIGHTS.flatMap(({ fetch }) => fetch?.name ?? []);

export interface FetchOptions {
  /** Address of the file; default where its makers keep it. */
  url?: string;
  /** The file to write; default its own name in the package's weights folder. */
  out?: string;
  /** A connection on which nothing comes for so long is given up. Default 30 s. */
  idleMs?: number;
}

export interface FetchedWeights {
  file: string;
  url: string;
  /** False where the file was there already. */
  fetched: boolean;
}

/** A public file that can be fetched. */
export type FetchableWeights = KnownWeights & { fetch: Fetchable };

/** By its short name or its own. @throws UsageError for a name that none has */
export function fetchableWeights(name: string): FetchableWeights {
  const known = KNOWN_WEIGHTS.find(({ file, fetch }) => fetch && (fetch.name === name || file === name));
  if (known?.fetch) return { ...known, fetch: known.fetch };
  throw new UsageError(`There are no weights '${name}' to fetch.`, `Give one of ${FETCHABLE.join(', ')}.`);
}

/**
 * Fetches a public weight file, unless it is there. An interrupted call is gone on with by the next. `onProgress`
 * hears of `fetch` with bytes.
 * @throws UsageError for another file in its place, a path of no file, or an address that is none; WeightsError where
 *   the server cannot be reached or sends another file; DataError where it cannot be written; the signal's reason
 */
export async function fetchWeights(
  context: CallContext,
  known: FetchableWeights,
  options: FetchOptions = {},
): Promise<FetchedWeights> {
  checkContext(context);
  requireObject('The file to fetch', known);
  refuseMisspelt('The options of fetchWeights', options, ['url', 'out', 'idleMs']);
  const { out, signal } = context;
  signal?.throwIfAborted();
  const file = options.out ?? join(await weightsFolder(), known.file);
  requireFileName(file);
  const url = options.url ?? known.fetch.folder + known.file;
  if (await isExpected(file, known)) return { file, url, fetched: false };
  if (await stat(file).catch(() => null)) {
    throw new UsageError(`${file} is there, and is not that file.`, 'Remove it, or give another `out`.');
  }
  out.say(`Fetching ${known.what} (${byteSize(known.bytes)}) from ${url}`);
  const bar = out.progress('Fetching', Math.round(known.bytes / 1e6), 'MB');
  const before = await download(url, file, {
    expected: known,
    error: WeightsError,
    idleMs: options.idleMs,
    signal,
    onProgress: (done) => {
      bar.update(Math.floor(done / 1e6));
      return tell(context, { phase: 'fetch', done, total: known.bytes, unit: 'bytes', note: url });
    },
  }).finally(() => out.endProgress());
  if (before > 0) out.say(`Went on after the ${whole(before)} bytes that were there.`);
  return { file, url, fetched: true };
}
