/**
 * Resized images, and what is known of whole ones, in the user's cache folder: large films are decoded once, not every
 * epoch. A file is told by its place on the disk, its size and when it was written or changed, so that another in its
 * place is decoded anew.
 */
import { stat } from 'node:fs/promises';
import { loadSharp } from '../../core/host/optionalPackages.node.js';
import { DiskCache } from '../../core/outputs/diskCache.node.js';
import { changingFolder } from '../../engine/device/archiveCache.node.js';

/** Goes up whenever the same file gives other pixels or facts. */
const VERSION = 1;

/** Smaller files are decoded as fast as a cache is read. */
const SMALL_FILE = 16_384;

/** Bytes that the disk keeps free. */
const SPARE = 4 * 2 ** 30;

const opened = new Map<number, Promise<DiskCache | null>>();

/** Null where no cache can be written. */
function openCache(limit: number): Promise<DiskCache | null> {
  let cache = opened.get(limit);
  if (!cache) {
    cache = changingFolder('images').then(
      (folder) => new DiskCache(folder, { limit, spare: SPARE }),
      () => null,
    );
    opened.set(limit, cache);
  }
  return cache;
}

/**
 * A file written this shortly ago may be written again at what the clock of its disk calls the same time; clocks that
 * count whole seconds, or two, have such times alone.
 */
const UNSETTLED_MS = { fine: 50, coarse: 2500 };

interface FileIdentity {
  readonly key: string;
  readonly size: number;
  /** When its times are sure to tell it from what is written later, in milliseconds since 1970. */
  readonly settledAt: number;
}

/** Null for what is no regular file that is there. */
async function identityOf(file: string): Promise<FileIdentity | null> {
  const info = await stat(file, { bigint: true }).catch(() => null);
  if (!info?.isFile() || info.ino === 0n) return null;
  const { dev, ino, size, mtimeNs, ctimeNs } = info;
  const isCoarse = ctimeNs % 1_000_000_000n === 0n;
  return {
    key: [dev, ino, size, mtimeNs, ctimeNs].join('-'),
    size: Number(size),
    settledAt: Number(ctimeNs / 1_000_000n) + UNSETTLED_MS[isCoarse ? 'coarse' : 'fine'],
  };
}

/** What is kept of one file. */
export interface CachedFile {
  /** As it was put under that name; null where there is nothing. */
  get(what: readonly unknown[]): Promise<Uint8Array | null>;
  /**
   * Keeps it, unless the file was changed a moment ago or since the cache was opened for it, or is no larger than what
   * would be kept.
   * @returns whether it is kept
   */
  put(what: readonly unknown[], content: Uint8Array): Promise<boolean>;
}

/**
 * The cache of one file; null where there is none, or where the file is so small that it is decoded as fast.
 * @param limit bytes that the whole cache may take; 0 for none
 */
export async function cachedFile(file: string, limit: number): Promise<CachedFile | null> {
  const cache = limit > 0 ? await openCache(limit) : null;
  const begun = Date.now();
  const identity = cache && (await identityOf(file));
  if (!cache || !identity || identity.size < SMALL_FILE) return null;
  const { versions } = await loadSharp();
  const keyOf = (what: readonly unknown[]) => JSON.stringify([VERSION, versions, identity.key, ...what]);
  return {
    get: (what) => cache.get(keyOf(what)),
    put: async (what, content) => {
      if (content.length > identity.size || begun < identity.settledAt) return false;
      if ((await identityOf(file))?.key !== identity.key) return false;
      return cache.put(keyOf(what), content);
    },
  };
}
