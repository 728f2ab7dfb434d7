/** The work that a drawing thread does: a spec in, the file's bytes out. */
import { loadSharp } from '../../core/host/optionalPackages.node.js';
import { DiskCache } from '../../core/outputs/diskCache.node.js';
import { changingFolder } from '../../engine/device/archiveCache.node.js';
import type { PhantomSpec } from './cohort.js';
import { drawPhantom } from './drawPhantom.js';
import type { Box } from './findings/lesionLayers.js';

/** Goes up whenever the same seed gives other pixels. */
export const PHANTOM_VERSION = 1;

export interface DrawJob {
  readonly spec: PhantomSpec;
  /** Side in pixels. */
  readonly size: number;
  /** Whether drawings are kept in the user's cache folder, and taken from there. */
  readonly cache: boolean;
}

export interface DrawnFile {
  readonly png: Uint8Array;
  readonly boxes: readonly Box[];
  readonly fromCache: boolean;
}

/** Some 200,000 drawings of 64 px, or 20,000 of 320 px. */
const CACHE_LIMIT = 2 ** 30;

let opened: Promise<DiskCache | null> | undefined;

/** Null where no cache can be written. */
function openCache(): Promise<DiskCache | null> {
  opened ??= changingFolder('phantoms').then(
    (folder) => new DiskCache(folder, { limit: CACHE_LIMIT }),
    () => null,
  );
  return opened;
}

/** All that decides the file's bytes. */
async function keyOf({ spec, size }: DrawJob): Promise<string> {
  const { anatomy, visit, findings } = spec;
  const sharp = await loadSharp();
  return JSON.stringify([PHANTOM_VERSION, sharp.versions, size, anatomy, visit, findings]);
}

/** @throws UsageError for a size that cannot be drawn */
export async function runDrawJob(job: DrawJob): Promise<DrawnFile> {
  const cache = job.cache ? await openCache() : null;
  const key = await keyOf(job);
  const kept = await cache?.get(key);
  if (kept) return { ...unpack(kept), fromCache: true };
  const { pixels, boxes } = drawPhantom(job.spec, job.size);
  const png = await grayPng(pixels, job.size);
  await cache?.put(key, Buffer.concat([Buffer.from(`${JSON.stringify(boxes)}\n`), png]));
  return { png: new Uint8Array(png), boxes, fromCache: false };
}

/** A line of boxes, then the PNG. */
function unpack(bytes: Uint8Array): Pick<DrawnFile, 'png' | 'boxes'> {
  const end = bytes.indexOf(10);
  const boxes = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end))) as Box[];
  return { png: bytes.slice(end + 1), boxes };
}

/** 8-bit gray PNG with fixed settings: the same pixels give the same bytes. */
async function grayPng(pixels: Uint8Array, size: number): Promise<Buffer> {
  const sharp = await loadSharp();
  return sharp(pixels, { raw: { width: size, height: size, channels: 1 } })
    .toColourspace('b-w')
    .png({ compressionLevel: 6, adaptiveFiltering: false, palette: false, progressive: false })
    .toBuffer();
}
