/** Folders that appear whole or not at all: made beside their place, renamed into it at the end. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { DataError } from '../core/errors.js';

/** `mkdir -p`; Node's own goes round for ever where the parent is there but takes no folder (/proc). */
async function makeFolder(path: string): Promise<void> {
  if (!existsSync(dirname(path))) await makeFolder(dirname(path));
  await mkdir(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'EEXIST') throw cause;
  });
}

/** An empty folder beside `target`. @throws DataError when it cannot be made there */
export async function makeWorkFolder(target: string): Promise<string> {
  const place = resolve(target);
  try {
    await makeFolder(dirname(place));
    const work = join(dirname(place), `.${basename(place)}-${randomBytes(4).toString('hex')}`);
    await mkdir(work);
    return work;
  } catch (cause) {
    throw new DataError(
      `${target} cannot be made: ${(cause as Error).message}.`,
      'Give a folder that can be written.',
      { cause },
    );
  }
}

/** Puts `work` in the place of `target`; what was there is deleted only after the new folder stands. */
export async function replaceFolder(work: string, target: string): Promise<void> {
  const old = `${work}-old`;
  const existed = await rename(target, old).then(
    () => true,
    () => false,
  );
  try {
    await rename(work, target);
  } catch (error) {
    if (existed) await rename(old, target);
    throw error;
  }
  if (existed) await rm(old, { recursive: true, force: true });
}
