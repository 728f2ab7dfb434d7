/**
 * The list of what chexgpu wrote into a folder, in the folder. Only a file on it that is still as it was written is
 * ever replaced or removed; everything else there is the user's.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, realpath } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { readRegularFile } from '../readFile.node.js';
import { isWithin } from './realPaths.node.js';

export const MANIFEST_FILE = '.chexgpu.json';
const VERSION = 1;
const MOST_BYTES = 256 * 2 ** 20;

export interface WrittenFile {
  /** Below the folder, parts separated by `/`. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Where true it may have grown: bytes and hash are those of its beginning. */
  readonly grows?: boolean;
}

export interface Manifest {
  readonly chexgpu: typeof VERSION;
  readonly files: readonly WrittenFile[];
}

export function manifestOf(files: Iterable<WrittenFile>): Manifest {
  return { chexgpu: VERSION, files: [...files].sort((a, b) => (a.path < b.path ? -1 : 1)) };
}

/** Whether a path read from a file stays below its folder. */
export function isBelow(path: unknown): boolean {
  return (
    typeof path === 'string' &&
    path !== '' &&
    path !== '.' &&
    !posix.isAbsolute(path) &&
    !/[\\\0:]/.test(path) &&
    posix.normalize(path) === path &&
    !path.startsWith('../') &&
    path !== '..'
  );
}

export function isWrittenFile(value: unknown): value is WrittenFile {
  const { path, bytes, sha256, grows = false } = (value ?? {}) as Partial<WrittenFile>;
  const isHash = /^[0-9a-f]{64}$/.test(String(sha256));
  return isBelow(path) && Number.isInteger(bytes) && isHash && typeof grows === 'boolean';
}

function isManifest(value: unknown): value is Manifest {
  const { chexgpu, files } = (value ?? {}) as Partial<Manifest>;
  return chexgpu === VERSION && Array.isArray(files) && files.every(isWrittenFile);
}

/** The list in a folder; null where there is none, or none of ours. */
export async function readManifest(folder: string): Promise<Manifest | null> {
  try {
    const bytes = await readRegularFile(join(folder, MANIFEST_FILE), { limit: MOST_BYTES });
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return isManifest(value) ? value : null;
  } catch {
    return null;
  }
}

/** @param bytes of its beginning; left out, of the whole file */
export async function sha256Of(file: string, bytes = Number.POSITIVE_INFINITY): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { end: bytes - 1 })) hash.update(chunk as Uint8Array);
  return hash.digest('hex');
}

/**
 * What has become of a listed file: still as written, gone, or the user's: changed, another kind of thing, or
 * reached through a link out of the folder.
 * @param folder without links
 */
export async function stateOf(folder: string, written: WrittenFile): Promise<'ours' | 'gone' | 'changed'> {
  const file = join(folder, written.path);
  const info = await lstat(file).catch(() => null);
  if (!info) return 'gone';
  const { bytes, grows = false } = written;
  if (!info.isFile() || (grows ? info.size < bytes : info.size !== bytes)) return 'changed';
  if (!isWithin(await realpath(dirname(file)), folder)) return 'changed';
  return (await sha256Of(file, grows ? bytes : undefined)) === written.sha256 ? 'ours' : 'changed';
}
