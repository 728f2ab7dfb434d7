/** Tables of kernel timings in the user's cache folder, one file an adapter. */
import { createHash, randomBytes } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cachedFolder, homeFolder, makeFolder } from './cache.node.js';
import type { Gpu } from './gpu.js';
import type { TuningStore } from './tuner.js';
import { adapterIdentity } from './tuningTable.js';

const FOLDER = 'tunings';
const ABOUT = 'Which kernels are fastest on this machine, as chexgpu measured it. Safe to delete.\n';

/** Readable, and different for adapters that differ in anything. */
function fileName(gpu: Gpu): string {
  const identity = adapterIdentity(gpu);
  const hash = createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 12);
  const words = identity.description.replace(/[^A-Za-z0-9.]+/g, '-').replace(/^-+|-+$/g, '');
  return `${words.slice(0, 40)}-${hash}.json`;
}

/**
 * The cache's folder for them, made if need be. What changes must not be found in a second place, as archives may
 * be: a cache that was named stands alone, unless nothing can be written there.
 * @throws AdapterError where none can be written
 */
async function tuningFolder(): Promise<string> {
  const { CHEXGPU_CACHE } = process.env;
  if (CHEXGPU_CACHE) {
    const folder = join(CHEXGPU_CACHE, FOLDER);
    const made = await makeFolder(folder).then(
      () => true,
      () => false,
    );
    if (made) return folder;
  }
  return cachedFolder(FOLDER, (folder) => writeFile(join(folder, 'about.txt'), ABOUT));
}

const missing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

/** The JSON in a file, null if there is no file. @throws SyntaxError */
export async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as unknown;
  } catch (error) {
    if (missing(error)) return null;
    throw error;
  }
}

/** Writes a whole file or nothing into a folder that is there, under any number of processes: beside its place first, then renamed. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await writeFile(temporary, `${JSON.stringify(value, null, 2)}\n`);
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Keeps the table of a Gpu's adapter in the user's cache: $CHEXGPU_CACHE, else where `cachedFolder` finds room. */
export function tuningFile(gpu: Gpu): TuningStore {
  const name = fileName(gpu);
  let path: string | null = null;
  const find = async () => {
    path ??= join(await tuningFolder(), name);
    return path;
  };
  return {
    async load() {
      let file: string;
      try {
        file = await find();
      } catch {
        // No cache can be written here: then there is none to read.
        return null;
      }
      return readJson(file);
    },
    async save(document) {
      await writeJson(await find(), document);
    },
    get where() {
      const home = homeFolder();
      return path && home && path.startsWith(join(home, '/'))
        ? `~/${path.slice(home.length + 1)}`
        : (path ?? '');
    },
  };
}
