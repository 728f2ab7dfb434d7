/**
 * Bytes that are costly to make, kept on disk under a key. Nothing depends on it: what is missing, damaged or cannot be
 * read is made anew, and what cannot be written is not kept. Entries are written beside their place and renamed; they
 * are not flushed, since each begins with its checksum.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { newToken } from './workToken.node.js';

export interface DiskCacheOptions {
  /** Bytes of the disk to take at most; beyond, those used longest ago are removed. */
  readonly limit: number;
  /** Sub-folders that entries are spread over, each with its share of the limit. Default 256. */
  readonly parts?: number;
  /** Bytes that the disk must have left, else nothing is added. Default 1 GiB. */
  readonly spare?: number;
}

const CHECKSUM_BYTES = 32;
/** What a file takes of a disk is a multiple of this. */
const BLOCK_BYTES = 4096;
/** Threads and processes that may add at the same time without a word to each other. */
const WRITERS = 16;
/** Of a full part this share stays. */
const FILL = 7 / 8;
/** How exactly the last use of an entry is known. */
const USE_MS = 60 * 60 * 1000;
const TEMPORARY = '.tmp';

const sha256 = (...parts: (string | Uint8Array)[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** Entries of one kind; several processes and threads may share the folder. */
export class DiskCache {
  private readonly parts: number;
  private readonly partLimit: number;
  private readonly spare: number;
  /** Bytes that each part may take before it is looked at again. */
  private readonly room = new Map<string, number>();

  constructor(
    private readonly folder: string,
    { limit, parts = 256, spare = 2 ** 30 }: DiskCacheOptions,
  ) {
    this.parts = parts;
    this.partLimit = limit / parts;
    this.spare = spare;
  }

  private place(key: string): string {
    const name = sha256(key).toString('hex');
    const part = Number.parseInt(name.slice(0, 8), 16) % this.parts;
    return join(this.folder, part.toString(16).padStart(2, '0'), name);
  }

  /** What was kept under the key, null where there is nothing, or nothing whole. */
  async get(key: string): Promise<Uint8Array | null> {
    const place = this.place(key);
    try {
      const handle = await open(place, 'r');
      try {
        const bytes = await handle.readFile();
        const content = bytes.subarray(CHECKSUM_BYTES);
        if (!sha256(key, content).equals(bytes.subarray(0, CHECKSUM_BYTES))) return null;
        const now = Date.now();
        if (now - (await handle.stat()).mtimeMs > USE_MS) await handle.utimes(now / 1000, now / 1000);
        return content;
      } finally {
        await handle.close();
      }
    } catch {
      return null;
    }
  }

  /** Keeps `content`, as far as there is room. @returns whether it is kept */
  async put(key: string, content: Uint8Array): Promise<boolean> {
    const place = this.place(key);
    const part = dirname(place);
    const size = onDisk(CHECKSUM_BYTES + content.length);
    const temporary = `${place}-${newToken()}${TEMPORARY}`;
    try {
      let room = this.room.get(part) ?? 0;
      if (room < size) room = await this.makeRoom(part, size);
      this.room.set(part, room - size);
      if (room < size) return false;
      await writeFile(temporary, Buffer.concat([sha256(key, content), content]), { mode: 0o600 });
      await rename(temporary, place);
      return true;
    } catch {
      await rm(temporary, { force: true }).catch(() => undefined);
      return false;
    }
  }

  /**
   * Removes what was used longest ago where `size` bytes do not fit, and then some more, so that the folder is not
   * listed for each. @returns bytes to take before it is asked again
   */
  private async makeRoom(part: string, size: number): Promise<number> {
    await mkdir(part, { recursive: true, mode: 0o700 });
    const { bavail, bsize } = await statfs(part);
    const free = bavail * bsize - this.spare;
    if (size > this.partLimit || free < size) return 0;
    const entries = await entriesOf(part);
    let total = entries.reduce((sum, { bytes }) => sum + bytes, 0);
    const target =
      total + size > this.partLimit ? Math.min(FILL * this.partLimit, this.partLimit - size) : total;
    for (const { path, bytes } of entries) {
      if (total <= target) break;
      await rm(path, { force: true });
      total -= bytes;
    }
    // Others add too, and to the other parts.
    return Math.max(size, Math.min(this.partLimit - total, free / this.parts) / WRITERS);
  }
}

const onDisk = (bytes: number): number => Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;

/** The files of a part, used longest ago first; what killed processes left half-written is removed. */
async function entriesOf(part: string): Promise<{ path: string; bytes: number; used: number }[]> {
  const entries: { path: string; bytes: number; used: number }[] = [];
  for (const name of await readdir(part)) {
    const path = join(part, name);
    const info = await stat(path).catch(() => null);
    if (info === null) continue;
    if (name.endsWith(TEMPORARY) && Date.now() - info.mtimeMs > USE_MS) await rm(path, { force: true });
    else entries.push({ path, bytes: onDisk(info.size), used: info.mtimeMs });
  }
  return entries.sort((a, b) => a.used - b.used);
}
