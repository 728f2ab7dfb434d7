/** The input pipeline by itself: images per second from PNG files to batches. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getTrainGenerator } from '../../src/data/generator/splitGenerators.node.js';
import type { DecodePool } from '../../src/data/images/decodePool.node.js';
import { writePhantoms } from '../../src/data/phantoms/writePhantoms.node.js';
import { readFrame } from '../../src/data/tables/csv.node.js';
import type { Batch } from '../../src/training/batch.js';

/** NIH's X-rays have 1024 px; the time goes into decoding those. */
const SOURCE = { images: 10, size: 1024 };
const EPOCHS = 20;

export interface PipelineOptions {
  pool: DecodePool;
  /** Side of the images for the network. */
  size: number;
  batch: number;
  /** The X-rays that are read. Default: 10 of 1024 px. */
  source?: { images: number; size: number };
  /** For each of the two rows. Default 5 s. */
  budgetMs?: number;
  signal?: AbortSignal;
  onProgress?: (what: string, done: number, total: number) => void;
}

export interface PipelineRow {
  /** What is done to each image. */
  work: 'decode, resize' | 'decode, resize, augment, normalise';
  imagesPerSecond: number;
  images: number;
  size: number;
  sourceSize: number;
}

/** Draws synthetic X-rays and reads them as a training does. */
export async function benchPipeline(options: PipelineOptions): Promise<PipelineRow[]> {
  const { pool, size, batch, source = SOURCE, budgetMs = 5000, signal, onProgress = () => {} } = options;
  const folder = await mkdtemp(join(tmpdir(), 'chexgpu-bench-'));
  try {
    const out = join(folder, 'phantoms');
    await writePhantoms({
      out,
      ...source,
      seed: 1,
      onProgress: (done, total) => {
        signal?.throwIfAborted();
        onProgress('drawing phantoms', done, total);
      },
    });
    const frame = await readFrame(join(out, 'train.csv'));
    const rows: PipelineRow[] = [];
    for (const augmented of [false, true]) {
      const generator = await getTrainGenerator(frame, {
        directory: join(out, 'images'),
        pool,
        targetSize: [size, size],
        batchSize: Math.min(batch, frame.images.length),
        augmentation: augmented
          ? { rotationRange: 10, widthShiftRange: 0.05, heightShiftRange: 0.05, horizontalFlip: true }
          : undefined,
      });
      const work = augmented ? 'decode, resize, augment, normalise' : 'decode, resize';
      // The first epoch warms up: worker threads start, files come into the system's cache.
      await epoch(generator);
      const started = performance.now();
      let images = 0;
      for (let i = 0; i < EPOCHS && (i === 0 || performance.now() - started < budgetMs); i++) {
        signal?.throwIfAborted();
        onProgress(work, i, EPOCHS);
        images += await epoch(generator);
      }
      const seconds = (performance.now() - started) / 1000;
      rows.push({ work, imagesPerSecond: images / seconds, images, size, sourceSize: source.size });
    }
    return rows;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function epoch(generator: {
  length: number;
  getBatch(index: number): Promise<Batch>;
  onEpochEnd(): void;
}): Promise<number> {
  let images = 0;
  for (let index = 0; index < generator.length; index++) images += (await generator.getBatch(index)).count;
  generator.onEpochEnd();
  return images;
}
