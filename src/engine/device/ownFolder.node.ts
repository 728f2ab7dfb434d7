/**
 * Folders that nobody but this user (and the system's own) can change. What is loaded as code must lie in such a
 * one: elsewhere somebody could exchange it between the check and the load.
 */
import {
  constants,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmdirSync,
  rmSync,
  type Stats,
} from 'node:fs';
import { lstat, mkdir, open, readlink } from 'node:fs/promises';
import { dirname, isAbsolute, join, parse, resolve, sep } from 'node:path';

const STICKY = 0o1000;
const WRITABLE_BY_OTHERS = 0o002;
const WRITABLE_BY_GROUP = 0o020;
const MOST_LINKS = 40;

const userId = (): number | undefined => process.getuid?.();

function isTrusted(owner: number): boolean {
  return owner === userId() || owner === 0;
}

/**
 * @param passedThrough only a way to the folder that counts: in a sticky one, such as /tmp, others cannot touch
 *   what is ours
 * @throws Error when others can change what is in it
 */
function checkFolder(path: string, { uid, gid, mode }: Stats, passedThrough: boolean): void {
  if (!isTrusted(uid)) throw new Error(`${path} belongs to another user`);
  // Where every user has a group of his own it has his number, and a umask of 002 is usual.
  const privateGroup = gid === userId() && gid !== 0;
  const writable = mode & (privateGroup ? WRITABLE_BY_OTHERS : WRITABLE_BY_OTHERS | WRITABLE_BY_GROUP);
  if (!writable || (passedThrough && mode & STICKY)) return;
  throw new Error(`${path} can be changed by other users (mode ${(mode & 0o7777).toString(8)})`);
}

/**
 * The path of a folder with all links followed, each part of which is safe from others: it and every folder on the
 * way belong to this user or root and nobody else may write there, and so do the links.
 * @param passedThrough whether the folder itself may be sticky and open to all, as only what is in it counts
 * @throws Error in words, when that is not so or there is no such folder
 */
export async function ownFolder(path: string, passedThrough = false): Promise<string> {
  if (userId() === undefined) return resolve(path);
  const { root } = parse(resolve(path));
  let at = root;
  let links = 0;
  const parts = resolve(path).split(sep).filter(Boolean);
  checkFolder(at, await lstat(at), true);
  for (let name = parts.shift(); name !== undefined; name = parts.shift()) {
    if (name === '.') continue;
    const next = name === '..' ? dirname(at) : join(at, name);
    const info = await lstat(next);
    if (info.isSymbolicLink()) {
      if (!isTrusted(info.uid)) throw new Error(`${next} is a link of another user`);
      if (++links > MOST_LINKS) throw new Error(`${next} is a link that leads back to itself`);
      const target = await readlink(next);
      if (isAbsolute(target)) at = root;
      parts.unshift(...target.split(sep).filter(Boolean));
      continue;
    }
    checkFolder(next, info, parts.length > 0 || passedThrough);
    at = next;
  }
  await checkOpened(at, passedThrough);
  return at;
}

/** Whether what lies in a folder that is safe is a folder that others cannot change. */
export async function isOwnEntry(path: string): Promise<boolean> {
  try {
    const info = await lstat(path);
    if (userId() !== undefined) checkFolder(path, info, false);
    return info.isDirectory();
  } catch {
    return false;
  }
}

/** Once more on the opened folder: it is the one that was looked at. */
async function checkOpened(path: string, passedThrough: boolean): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    checkFolder(path, await handle.stat(), passedThrough);
  } finally {
    await handle.close();
  }
}

/**
 * Makes the folder and those above that are missing, for this user alone, where the way there is safe.
 * (Node's own `recursive` goes round for ever where the parent is there but takes no folder: /proc.)
 * @returns its path with all links followed
 * @throws Error as `ownFolder`, or why it cannot be made
 */
export async function makeOwnFolder(path: string, passedThrough = false): Promise<string> {
  if (existsSync(path)) return ownFolder(path, passedThrough);
  const parent = dirname(resolve(path));
  await makeOwnFolder(parent, true);
  await mkdir(path, { mode: 0o700 }).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'EEXIST') throw cause;
  });
  return ownFolder(path, passedThrough);
}

/**
 * A folder for this process, emptied and removed at its end. On Linux the path goes through the opened folder, so
 * that it stays the same one whatever others do with the name, and the folder above need not be safe.
 * @param path must not be there
 * @throws Error where none can be made
 */
export async function processFolder(path: string): Promise<string> {
  if (process.platform !== 'linux') await ownFolder(dirname(path), true);
  mkdirSync(path, { mode: 0o700 });
  let fixed = path;
  if (process.platform === 'linux') {
    const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    checkFolder(path, fstatSync(fd), false);
    fixed = `/proc/self/fd/${fd}`;
  }
  process.on('exit', () => {
    for (const name of readdirSync(fixed)) rmSync(join(fixed, name), { recursive: true, force: true });
    try {
      rmdirSync(path);
    } catch {
      // Somebody has moved it; it is empty.
    }
  });
  return fixed;
}
