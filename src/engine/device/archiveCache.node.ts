/**
 * A folder per unpacked archive, made once and shared by every process of this user.
 * Made beside its place and renamed into it, so that nobody ever sees half of it.
 */
import { createHash } from 'node:crypto';
import { constants, rmSync } from 'node:fs';
import { access, lstat, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { AdapterError } from '../../core/errors.js';
import { syncFolder } from '../../core/outputs/realPaths.node.js';
import { isGone, newToken } from '../../core/outputs/workToken.node.js';
import { isOwnEntry, makeOwnFolder, ownFolder, processFolder } from './ownFolder.node.js';

/** Lists every file with its SHA-256; written last, so its presence means the folder is whole. */
const MANIFEST = '.complete.json';
/** A folder that a process killed on another host left half-made is swept away after this long. */
const STALE_MS = 60 * 60 * 1000;

/** The user's home, or '' for a user id without HOME and without an entry in the password file. */
export function homeFolder(): string {
  try {
    return homedir();
  } catch {
    return '';
  }
}

const userName = (): string => (process.getuid ? String(process.getuid()) : 'user');

/** The candidates for the cache root, best first. */
function roots(): string[] {
  const { CHEXGPU_CACHE, XDG_CACHE_HOME } = process.env;
  const home = homeFolder();
  return [
    CHEXGPU_CACHE,
    XDG_CACHE_HOME && join(XDG_CACHE_HOME, 'chexgpu'),
    home && join(home, '.cache', 'chexgpu'),
    join(tmpdir(), `chexgpu-${userName()}`),
  ].filter((root): root is string => Boolean(root));
}

/** SHA-256 of a file, after it was brought to the disk: a power cut must not leave a list of what is not there. */
async function hashOf(path: string, { flush = false } = {}): Promise<string> {
  const hash = createHash('sha256');
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    if (!(await handle.stat()).isFile()) throw new Error(`${path} is no regular file`);
    // Not every system flushes what is open for reading; the hash will tell.
    if (flush) await handle.sync().catch(() => {});
    const piece = Buffer.allocUnsafe(2 ** 20);
    for (;;) {
      const { bytesRead } = await handle.read(piece, 0, piece.length);
      if (bytesRead === 0) break;
      hash.update(piece.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
  return hash.digest('hex');
}

/** Whether the folder holds all that its manifest lists, unchanged. */
async function isWhole(folder: string): Promise<boolean> {
  try {
    const hashes: unknown = JSON.parse(await readFile(join(folder, MANIFEST), 'utf8'));
    const files = Object.entries(hashes as Record<string, unknown>);
    for (const [file, hash] of files) {
      if ((await hashOf(join(folder, file))) !== hash) return false;
    }
    return files.length > 0;
  } catch {
    // Not there or damaged: it will be made anew.
    return false;
  }
}

/** The folder's real path when it is whole and nobody else can change it, else null. */
async function wholeFolder(path: string): Promise<string | null> {
  const folder = await ownFolder(path).catch(() => null);
  return folder !== null && (await isWhole(folder)) ? folder : null;
}

async function hashesBelow(folder: string, prefix = ''): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const entry of await readdir(join(folder, prefix), { withFileTypes: true })) {
    const name = prefix ? `${prefix}/${entry.name}` : entry.name;
    if (entry.isDirectory()) Object.assign(hashes, await hashesBelow(folder, name));
    else hashes[name] = await hashOf(join(folder, name), { flush: true });
  }
  return hashes;
}

/** Stands between a folder's name and the token of who makes it. */
const MARK = '.tmp-';
const [THIS_HOST] = newToken().split('-');

/** What this process has not finished; removed should it be ended in the middle. */
const unfinished = new Set<string>();

function removeUnfinished(): void {
  for (const folder of unfinished) rmSync(folder, { recursive: true, force: true });
}

/** Removes what processes that were killed have left: folders whose name is something, `mark` and a token. */
async function sweep(root: string, mark: string): Promise<void> {
  for (const entry of await readdir(root)) {
    const [, token] = entry.split(mark);
    if (token === undefined) continue;
    const path = join(root, entry);
    const info = await lstat(path).catch(() => null);
    // Not what is another's: others may write in a temporary folder too.
    if (!info || (process.getuid && info.uid !== process.getuid())) continue;
    // Processes of another host cannot be asked.
    const isOld = !token.startsWith(`${THIS_HOST}-`) && Date.now() - info.mtimeMs > STALE_MS;
    if (isGone(token) || isOld) await rm(path, { recursive: true, force: true });
  }
}

async function make(root: string, name: string, fill: (folder: string) => Promise<void>): Promise<string> {
  await sweep(root, MARK);
  const wanted = join(root, name);
  const mine = wanted + MARK + newToken();
  const old = wanted + MARK + newToken();
  if (unfinished.size === 0) process.once('exit', removeUnfinished);
  unfinished.add(mine).add(old);
  try {
    await mkdir(mine, { mode: 0o700 });
    await fill(mine);
    const manifest = join(mine, MANIFEST);
    await writeFile(manifest, JSON.stringify(await hashesBelow(mine)));
    await hashOf(manifest, { flush: true });
    await syncFolder(mine);
    await putInPlace(mine, wanted, old);
    return wanted;
  } finally {
    await rm(mine, { recursive: true, force: true });
    await rm(old, { recursive: true, force: true });
    unfinished.delete(mine);
    unfinished.delete(old);
    if (unfinished.size === 0) process.off('exit', removeUnfinished);
  }
}

/** Another process may be as far as we are: whoever renames first wins, the other uses its work. */
async function putInPlace(mine: string, wanted: string, old: string): Promise<void> {
  for (let attempt = 0; attempt < 3; attempt++) {
    const placed = await rename(mine, wanted).then(
      () => true,
      () => false,
    );
    if (placed || ((await isOwnEntry(wanted)) && (await isWhole(wanted)))) return;
    await rename(wanted, old).catch(() => {});
  }
  throw new Error(`${wanted} could not be put in place`);
}

let alone: Promise<string> | undefined;

/** The folder of this process, where no cache can be kept. */
function folderAlone(): Promise<string> {
  alone ??= makeFolderAlone();
  return alone;
}

async function makeFolderAlone(): Promise<string> {
  const parent = tmpdir();
  const prefix = `chexgpu-${userName()}-`;
  const safe = await ownFolder(parent, true).then(
    () => true,
    () => false,
  );
  if (safe) await sweep(parent, prefix);
  return processFolder(join(parent, prefix + newToken()));
}

const cacheRoots = () => roots().map((path) => () => makeOwnFolder(path, true));

/**
 * What `use` makes of the first of `places` that serves. Folders that others can change are passed over.
 * @param what for the error: "Cannot <what> in any cache folder"
 * @throws AdapterError when none serves
 */
async function inFirst<T>(
  places: readonly (() => Promise<string>)[],
  what: string,
  use: (root: string) => Promise<T>,
): Promise<T> {
  const refusals: string[] = [];
  for (const place of places) {
    try {
      return await use(await place());
    } catch (cause) {
      refusals.push((cause as Error).message);
    }
  }
  throw new AdapterError(
    `Cannot ${what} in any cache folder (${[...new Set(refusals)].join('; ')}).`,
    'Set CHEXGPU_CACHE to a folder that only you can write.',
  );
}

/**
 * The folder `name` of the cache, filled by `fill` when it is not there or not as it was made: every file is
 * compared by its hash, so what a power cut or a disk has damaged is made anew. The cache is $CHEXGPU_CACHE,
 * $XDG_CACHE_HOME/chexgpu, ~/.cache/chexgpu, a folder of this user under the system's temporary one, or one of this
 * process that goes with it: the first that this user can write and others cannot.
 * @throws AdapterError when none can be written
 */
export async function cachedFolder(name: string, fill: (folder: string) => Promise<void>): Promise<string> {
  for (const root of roots()) {
    const whole = await wholeFolder(join(root, name));
    if (whole !== null) return whole;
  }
  return inFirst([...cacheRoots(), folderAlone], `unpack ${name}`, (root) => make(root, name, fill));
}

/**
 * A folder of the cache for files that change, made if need be. It must not be found in a second place, so it is
 * always the first that can be written.
 * @throws AdapterError as `cachedFolder`
 */
export async function changingFolder(name: string): Promise<string> {
  return inFirst(cacheRoots(), `keep ${name}`, async (root) => {
    const folder = await makeOwnFolder(join(root, name));
    await access(folder, constants.W_OK);
    return folder;
  });
}
