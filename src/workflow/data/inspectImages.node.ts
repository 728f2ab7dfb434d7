/** Before the first step: everything that would otherwise end a training when it is done, or in its middle. */

import { access } from 'node:fs/promises';
import { DataError } from '../../core/errors.js';
import { plural } from '../../core/formatting.js';
import type { ImageSize } from '../../data/images/decodeJobs.node.js';
import type { DecodePool } from '../../data/images/decodePool.node.js';
import type { ImageFacts } from '../../data/images/pixelFacts.js';
import { imagePath } from '../../data/tables/imageFiles.node.js';
import type { WorkContext } from '../reporter.js';
import type { Dataset } from './dataset.node.js';

/** Asked of the pool at once: enough for its threads, and few enough to stop soon. */
const AT_ONCE = 8;
const NAMED = 3;

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

const few = (names: readonly string[]): string =>
  names.slice(0, NAMED).join(', ') + (names.length > NAMED ? ', ...' : '');

/** Names of all images of the three splits, each once. */
export function imagesOf({ train, valid, test }: Pick<Dataset, 'train' | 'valid' | 'test'>): string[] {
  return [...new Set([train, valid, test].flatMap((frame) => frame.images))];
}

/**
 * Decodes every image, as a file cut short shows itself in no other way. Files that are not there are left to the
 * generators, which name the row.
 * @param folder of the images; null where their names are paths
 * @param next the size that they will be loaded at, for the cache of resized images
 * @returns what each file holds, by its name
 * @throws DataError naming the files that cannot be read
 */
export async function inspectImages(
  { out, signal }: WorkContext,
  pool: DecodePool,
  names: readonly string[],
  folder: string | null,
  next?: ImageSize,
): Promise<Map<string, ImageFacts>> {
  const found = new Map<string, ImageFacts>();
  const bad = new Map<string, DataError>();
  const bar = out.progress('Checking the images', names.length, 'images');
  let begun = 0;
  let done = 0;
  const work = async () => {
    while (begun < names.length) {
      signal.throwIfAborted();
      const name = names[begun++];
      const path = folder === null ? name : imagePath(folder, name);
      try {
        if (await isThere(path)) found.set(name, await pool.inspect(path, next));
      } catch (error) {
        if (!(error instanceof DataError)) throw error;
        bad.set(name, error);
      }
      bar.update(++done);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  out.endProgress();
  const [first, ...more] = names.flatMap((name) => bad.get(name) ?? []);
  if (first && more.length === 0) throw first;
  if (first) {
    throw new DataError(
      `${plural(bad.size, 'image')} cannot be read: ${few(names.filter((name) => bad.has(name)))}. ${first.message}`,
    );
  }
  return found;
}

/** Names of films of one single value; the session warns of them. */
export function constantImages(inspections: ReadonlyMap<string, ImageFacts>): Set<string> {
  return new Set([...inspections].filter(([, { constant }]) => constant).map(([name]) => name));
}
