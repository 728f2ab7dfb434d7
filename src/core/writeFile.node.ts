/** Files appear whole or not at all: written under another name first, then renamed. */
import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DataError } from './errors.js';

/** Writes `content` to `path`, making its folder. @throws DataError if that is not possible. */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(temporary, content);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    const why = error instanceof Error ? error.message : String(error);
    throw new DataError(`${path} could not be written: ${why}.`, 'Check the folder and the free space.', {
      cause: error,
    });
  }
}
