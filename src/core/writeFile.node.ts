/**
 * The one way out: files appear whole or not at all. Each is written beside its place under a name of ours, brought
 * to the disk, then renamed. What a killed process left so is removed by the next that writes into that folder.
 * By hand, not by write-file-atomic: that neither flushes the folder, nor keeps a file that turned up meanwhile, nor
 * clears what killed processes left.
 */
import { existsSync } from 'node:fs';
import { link, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DataError } from './errors.js';
import { finalPlace, makeFolder, syncFolder } from './outputs/realPaths.node.js';
import { isGone, newToken } from './outputs/workToken.node.js';

/** In the path of a file that is on its way into a folder of results; see outputs/journal.node.ts. */
const ON_ITS_WAY = /\.chexgpu-work[\\/]files[\\/]/;
const TEMPORARY = /^\.chexgpu-(.+)\.tmp$/;
const WHERE = 'Check the folder and the free space.';

/** Why a file or folder could not be written, in words. */
export function writeError(path: string, cause: unknown): DataError {
  if (cause instanceof DataError) return cause;
  const { code, message } = cause as NodeJS.ErrnoException;
  const place = path.replace(ON_ITS_WAY, '');
  const say = (why: string, hint: string) =>
    new DataError(`${place} could not be written: ${why}.`, hint, { cause });
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return say('the disk is full', 'Make room, or write to another disk.');
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return say('this user may not write there', 'Give another place.');
  }
  if (code === 'EROFS') return say('that disk is read-only', 'Give another place.');
  if (code === 'ENOTDIR' || code === 'EEXIST') {
    return say('a part of its path is a file, not a folder', 'Give another place.');
  }
  if (code === 'ENAMETOOLONG') return say('the name is too long', 'Give a shorter one.');
  if (code === 'ENOENT') return say('nothing can be made in its folder', 'Give another place.');
  return say(code ? `${message} (${code})` : String(message ?? cause), WHERE);
}

/** A name for a file on its way, beside its place. */
export function temporaryName(): string {
  return `.chexgpu-${newToken()}.tmp`;
}

const swept = new Set<string>();

/** Removes what killed processes left on the way; once per process and folder. */
export async function sweepTemporaries(folder: string): Promise<void> {
  if (swept.has(folder)) return;
  swept.add(folder);
  for (const name of await readdir(folder)) {
    const token = TEMPORARY.exec(name)?.[1];
    if (token && isGone(token)) await rm(join(folder, name), { force: true }).catch(() => undefined);
  }
}

/** Writes `content` into a new file and waits until the disk has it. */
export async function writeSynced(file: string, content: string | Uint8Array, mode?: number): Promise<void> {
  const handle = await open(file, 'wx', mode);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Whether a file can be made in the folder, or in the nearest one above it that is there.
 * @param target as the user named it
 * @param folder without links
 * @throws DataError where not
 */
export async function probeFolder(target: string, folder: string): Promise<void> {
  let near = folder;
  while (!existsSync(near) && dirname(near) !== near) near = dirname(near);
  const file = join(near, temporaryName());
  try {
    await writeSynced(file, '');
  } catch (cause) {
    throw writeError(target, cause);
  } finally {
    await rm(file, { force: true }).catch(() => undefined);
  }
}

/** Another name for `file`, unless something has it already. @throws the file system's EEXIST where it has */
async function linkNew(file: string, place: string): Promise<void> {
  await link(file, place).catch(async (cause: NodeJS.ErrnoException) => {
    // Disks that know no second names.
    if (cause.code === 'EEXIST' || existsSync(place)) throw cause;
    await rename(file, place);
  });
  await rm(file, { force: true });
}

/**
 * Writes `content` to `path`, making its folder. A link stays a link: what it leads to is written.
 * @param isNew true where a file that is there must stay
 * @throws DataError if that is not possible, or if something else than a regular file is there
 */
export async function writeWhole(
  path: string,
  content: string | Uint8Array,
  { isNew = false } = {},
): Promise<void> {
  try {
    const place = await finalPlace(path);
    const folder = dirname(place);
    await makeFolder(folder);
    const there = await stat(place).catch(() => undefined);
    if (there && !there.isFile()) throw notRegular(path, there.isDirectory());
    await sweepTemporaries(folder);
    const temporary = join(folder, temporaryName());
    try {
      await writeSynced(temporary, content, there && there.mode & 0o777);
      await (isNew ? linkNew : rename)(temporary, place);
    } catch (cause) {
      await rm(temporary, { force: true }).catch(() => undefined);
      throw cause;
    }
    await syncFolder(folder);
  } catch (cause) {
    throw writeError(path, cause);
  }
}

export function notRegular(path: string, isFolder: boolean): DataError {
  const what = isFolder ? 'a folder, not a file' : 'no regular file (a pipe, a socket or a device)';
  return new DataError(`${path} is ${what}.`, `Give another name than ${basename(path)}.`);
}
