/**
 * What chexgpu up to 0.1 left when it was killed between two renames: `.NAME-1a2b3c4d-old`, the result that it was
 * about to replace, and no NAME. (`.NAME-1a2b3c4d`, a result on its way, names no process and could be anybody's copy:
 * it is left alone.)
 */
import { lstat, readdir, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const REPLACED = /^\.(.+)-[0-9a-f]{8}-old$/;

/**
 * Gives the result of `folder` its name back, where only its hidden copy is left.
 * @param folder without links
 */
export async function restoreEarlier(folder: string): Promise<void> {
  if (await lstat(folder).catch(() => null)) return;
  const above = dirname(folder);
  for (const name of await readdir(above).catch(() => [])) {
    if (REPLACED.exec(name)?.[1] !== basename(folder)) continue;
    const isRestored = await rename(join(above, name), folder).then(
      () => true,
      () => false,
    );
    if (isRestored) return;
  }
}
