/** Where a path really leads, and folders that are made on the way there. */
import { existsSync } from 'node:fs';
import { mkdir, open, readlink, realpath, rmdir } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { DataError } from '../errors.js';

/** As many as Linux follows. */
const MOST_LINKS = 40;

/** The folder without links; what is not there yet is named as it will be. */
async function realFolder(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const above = dirname(path);
    return above === path ? path : join(await realFolder(above), basename(path));
  }
}

/** The path with every link followed, also where nothing is there yet. @throws DataError for links in a circle */
export async function finalPlace(path: string): Promise<string> {
  let place = resolve(path);
  for (let links = 0; links <= MOST_LINKS; links++) {
    const above = dirname(place);
    if (above === place) return place;
    const folder = await realFolder(above);
    place = join(folder, basename(place));
    const target = await readlink(place).catch(() => null);
    if (target === null) return place;
    place = resolve(folder, target);
  }
  throw new DataError(`${path} is a link that leads back to itself.`, 'Give another name.');
}

/**
 * `mkdir -p`; Node's own goes round for ever where the parent is there but takes no folder (/proc).
 * @returns the folders that were not there, the uppermost first
 */
export async function makeFolder(path: string): Promise<string[]> {
  if (existsSync(path)) return [];
  const made = await makeFolder(dirname(path));
  try {
    await mkdir(path);
    made.push(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
  }
  return made;
}

/** Removes folders made by `makeFolder` that are still empty. */
export async function unmakeFolders(made: readonly string[]): Promise<void> {
  for (const folder of [...made].reverse()) {
    const removed = await rmdir(folder).then(
      () => true,
      () => false,
    );
    if (!removed) return;
  }
}

/** Brings a folder's list of names to the disk, where the system can do that. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => null);
  try {
    await handle?.sync();
  } catch {
    // Windows and some network disks cannot.
  } finally {
    await handle?.close();
  }
}

/** Whether `path` is `folder` or lies in it; both without links. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}
