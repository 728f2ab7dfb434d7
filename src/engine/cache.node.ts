/**
 * A folder per unpacked archive, made once and shared by every process of this user.
 * Made beside its place and renamed into it, so that nobody ever sees half of it.
 */
import { randomBytes } from 'node:crypto';
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { lstat, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';
import { extract } from 'tar-fs';
import { AdapterError } from '../core/errors.js';

/** Lists every file with its size; written last, so its presence means the folder is whole. */
const MANIFEST = '.complete.json';
/** A folder that a killed process left half-made is swept away after this long. */
const STALE_MS = 60 * 60 * 1000;

/** The user's home, or '' for a user id without HOME and without an entry in the password file. */
export function homeFolder(): string {
  try {
    return homedir();
  } catch {
    return '';
  }
}

/** The candidates for the cache root, best first. */
function roots(): string[] {
  const own = process.getuid ? String(process.getuid()) : 'user';
  const { CHEXGPU_CACHE, XDG_CACHE_HOME } = process.env;
  const home = homeFolder();
  return [
    CHEXGPU_CACHE,
    XDG_CACHE_HOME && join(XDG_CACHE_HOME, 'chexgpu'),
    home && join(home, '.cache', 'chexgpu'),
    join(tmpdir(), `chexgpu-${own}`),
  ].filter((root): root is string => Boolean(root));
}

/** True when the folder holds all its manifest lists, and no stranger could have put it there. */
async function isWhole(folder: string): Promise<boolean> {
  try {
    const owner = (await lstat(folder)).uid;
    if (process.getuid && owner !== process.getuid() && owner !== 0) return false;
    const sizes = JSON.parse(await readFile(join(folder, MANIFEST), 'utf8')) as Record<string, number>;
    for (const [file, size] of Object.entries(sizes)) {
      if ((await stat(join(folder, file))).size !== size) return false;
    }
    return Object.keys(sizes).length > 0;
  } catch {
    return false;
  }
}

async function sizesBelow(folder: string, prefix = ''): Promise<Record<string, number>> {
  const sizes: Record<string, number> = {};
  for (const entry of await readdir(join(folder, prefix), { withFileTypes: true })) {
    const name = prefix ? `${prefix}/${entry.name}` : entry.name;
    if (entry.isDirectory()) Object.assign(sizes, await sizesBelow(folder, name));
    else sizes[name] = (await stat(join(folder, name))).size;
  }
  return sizes;
}

async function sweep(root: string): Promise<void> {
  for (const entry of await readdir(root)) {
    if (!entry.includes('.tmp-')) continue;
    const path = join(root, entry);
    const age = await stat(path).then(
      (s) => Date.now() - s.mtimeMs,
      () => 0,
    );
    if (age > STALE_MS) await rm(path, { recursive: true, force: true });
  }
}

/** `mkdir -p`; Node's own goes round for ever where the parent is there but takes no folder (/proc). */
export async function makeFolder(path: string): Promise<void> {
  if (!existsSync(dirname(path))) await makeFolder(dirname(path));
  await mkdir(path, { mode: 0o700 }).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'EEXIST') throw cause;
  });
}

async function make(root: string, name: string, fill: (folder: string) => Promise<void>): Promise<string> {
  await makeFolder(root);
  await sweep(root);
  const wanted = join(root, name);
  const mine = `${wanted}.tmp-${randomBytes(6).toString('hex')}`;
  try {
    await mkdir(mine, { mode: 0o700 });
    await fill(mine);
    await writeFile(join(mine, MANIFEST), JSON.stringify(await sizesBelow(mine)));
    // Another process may be as far as we are: whoever renames first wins, the other uses its work.
    for (let attempt = 0; attempt < 3 && !(await isWhole(wanted)); attempt++) {
      await rename(wanted, `${mine}.old`).catch(() => {});
      await rename(mine, wanted).catch(() => {});
    }
  } finally {
    await rm(mine, { recursive: true, force: true });
    await rm(`${mine}.old`, { recursive: true, force: true });
  }
  if (!(await isWhole(wanted))) throw new Error(`${wanted} could not be put in place`);
  return wanted;
}

/**
 * The folder `name` of the cache, filled by `fill` when it is not there or not whole.
 * The cache is $CHEXGPU_CACHE, $XDG_CACHE_HOME/chexgpu, ~/.cache/chexgpu or a folder under the
 * system's temporary one: the first that can be written.
 * @throws AdapterError when none of them can be written
 */
export async function cachedFolder(name: string, fill: (folder: string) => Promise<void>): Promise<string> {
  for (const root of roots()) {
    if (await isWhole(join(root, name))) return join(root, name);
  }
  const refusals: string[] = [];
  for (const root of roots()) {
    try {
      return await make(root, name, fill);
    } catch (cause) {
      refusals.push(`${root}: ${(cause as Error).message}`);
    }
  }
  throw new AdapterError(
    `Cannot unpack ${name} in any cache folder (${refusals.join('; ')}).`,
    'Set CHEXGPU_CACHE to a folder that can be written.',
  );
}

/** Unpacks `archive` (.tar.br) into `folder`. */
export async function unpackTarBrotli(archive: string, folder: string): Promise<void> {
  // As root, tar-fs would hand the files to the user id of the machine they were packed on.
  const options = { chown: false, readable: true };
  await pipeline(createReadStream(archive), createBrotliDecompress(), extract(folder, options));
}

/** The installed npm package @sparticuz/chromium: where its archives lie and its version; null when absent. */
export function chromiumPackage(): { bin: string; version: string } | null {
  let folder: string;
  try {
    folder = dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium'));
  } catch {
    return null;
  }
  while (!existsSync(join(folder, 'package.json'))) {
    if (dirname(folder) === folder) return null;
    folder = dirname(folder);
  }
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
  return { bin: join(folder, 'bin'), version };
}
