/** The work that a decode worker does, in messages that cross a thread boundary. */
import { decodeFile } from './decode.node.js';
import { type CachedFile, cachedFile } from './imageCache.node.js';
import { factsOf } from './imageFacts.node.js';
import type { ImageFacts, PixelFacts, Scaling } from './pixelFacts.js';
import type { PixelImage } from './pixels.js';
import { type Interpolation, resize } from './resize.js';

/** The size that images are brought to, and how. */
export interface ImageSize {
  readonly width: number;
  readonly height: number;
  readonly interpolation: Interpolation;
}

interface FileJob {
  readonly file: string;
  readonly scaling: Scaling;
  /** Bytes that the cache of resized images may take; 0 for none. */
  readonly cacheLimit: number;
}

export type DecodeJob =
  | (FileJob & ImageSize & { readonly kind: 'load' })
  /** `next`: what will be loaded of it, which goes into the cache on this occasion. */
  | (FileJob & { readonly kind: 'inspect'; readonly next?: ImageSize });

/** The image as resized, with the facts of the whole one. */
export type LoadedImage = PixelImage & { readonly facts: PixelFacts };

/** Whether a result was in the cache, or has been put there. */
export type CacheUse = 'read' | 'added';

export type JobResult = (LoadedImage | ImageFacts) & { readonly cache?: CacheUse };

/** @throws DataError naming the file */
export async function runJob(job: DecodeJob): Promise<JobResult> {
  const cached = await cachedFile(job.file, job.cacheLimit);
  if (cached) return job.kind === 'load' ? loadCached(job, cached) : inspectCached(job, cached);
  const { image } = await decodeFile(job.file, job.scaling);
  return job.kind === 'load' ? resized(image, job) : factsOf(image);
}

type LoadJob = DecodeJob & { kind: 'load' };
type InspectJob = DecodeJob & { kind: 'inspect' };

function resized(image: LoadedImage, { width, height, interpolation }: ImageSize): LoadedImage {
  return { ...resize(image, width, height, interpolation), facts: image.facts };
}

const sizeKey = ({ scaling }: FileJob, { width, height, interpolation }: ImageSize) =>
  ['pixels', scaling, width, height, interpolation] as const;

async function loadCached(job: LoadJob, cached: CachedFile): Promise<JobResult> {
  const key = sizeKey(job, job);
  const kept = await cached.get(key);
  if (kept) return { ...unpacked(kept), cache: 'read' };
  const image = resized((await decodeFile(job.file, job.scaling)).image, job);
  return (await cached.put(key, packed(image))) ? { ...image, cache: 'added' } : image;
}

async function inspectCached(job: InspectJob, cached: CachedFile): Promise<JobResult> {
  const key = ['facts', job.scaling];
  const kept = await cached.get(key);
  if (kept) return { ...(JSON.parse(new TextDecoder().decode(kept)) as ImageFacts), cache: 'read' };
  const { image } = await decodeFile(job.file, job.scaling);
  const facts = factsOf(image);
  if (job.next) await cached.put(sizeKey(job, job.next), packed(resized(image, job.next)));
  const isKept = await cached.put(key, new TextEncoder().encode(JSON.stringify(facts)));
  return isKept ? { ...facts, cache: 'added' } : facts;
}

/** A line that describes the pixels, then the pixels. */
function packed({ data, ...rest }: LoadedImage): Uint8Array {
  return Buffer.concat([Buffer.from(`${JSON.stringify(rest)}\n`), data]);
}

function unpacked(bytes: Uint8Array): LoadedImage {
  const end = bytes.indexOf(10);
  const rest = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end))) as Omit<LoadedImage, 'data'>;
  return { ...rest, data: new Uint8Array(bytes.subarray(end + 1)) };
}
