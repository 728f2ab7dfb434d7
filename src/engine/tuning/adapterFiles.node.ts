/** What is known of an adapter and its kernels, in the user's cache folder: one file per adapter. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { DataError } from '../../core/errors.js';
import { readRegularFile } from '../../core/readFile.node.js';
import { writeWhole } from '../../core/writeFile.node.js';
import { changingFolder, homeFolder } from '../device/archiveCache.node.js';
import type { Gpu } from '../device/gpu.js';
import { requireGpu } from '../device/requireGpu.js';
import type { TuningStore } from './tuner.js';
import { adapterIdentity } from './tuningTable.js';
import type { VerdictStore } from './verdicts.js';

type Kept = 'tunings' | 'checks';

/** Readable, and different for adapters that differ in anything. */
function fileName(gpu: Gpu): string {
  const identity = adapterIdentity(gpu);
  const hash = createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 12);
  const words = identity.description.replace(/[^A-Za-z0-9.]+/g, '-').replace(/^-+|-+$/g, '');
  return `${words.slice(0, 40)}-${hash}.json`;
}

/** More than any table has: some 100 bytes per shape. */
const MOST_BYTES = 64 * 2 ** 20;

/** The JSON in a file, null if there is no file. @throws SyntaxError; DataError as `readRegularFile` */
export async function readJson(path: string): Promise<unknown> {
  try {
    const bytes = await readRegularFile(path, { limit: MOST_BYTES });
    return JSON.parse(new TextDecoder().decode(bytes)) as unknown;
  } catch (error) {
    const cause = error instanceof DataError ? error.cause : undefined;
    if ((cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return null;
    throw error;
  }
}

/** A JSON document about an adapter in the user's cache: $CHEXGPU_CACHE, else where `changingFolder` finds room. */
function adapterFile(gpu: Gpu, kept: Kept) {
  const name = fileName(gpu);
  let path: string | null = null;
  const find = async () => {
    path ??= join(await changingFolder(kept), name);
    return path;
  };
  return {
    async load(): Promise<unknown> {
      let file: string;
      try {
        file = await find();
      } catch {
        // No cache can be written here: then there is none to read.
        return null;
      }
      return readJson(file);
    },
    async save(document: unknown): Promise<void> {
      await writeWhole(await find(), `${JSON.stringify(document, null, 2)}\n`);
    },
    get where(): string {
      const home = homeFolder();
      return path && home && path.startsWith(join(home, '/'))
        ? `~/${path.slice(home.length + 1)}`
        : (path ?? '');
    },
  };
}

/** Keeps the table of kernel timings. */
export function tuningFile(gpu: Gpu): TuningStore {
  requireGpu('tuningFile', gpu);
  return adapterFile(gpu, 'tunings');
}

/** Keeps which kernels gave right numbers. */
export function verdictFile(gpu: Gpu): VerdictStore {
  requireGpu('verdictFile', gpu);
  return adapterFile(gpu, 'checks');
}
