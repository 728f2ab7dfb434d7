/** Batches of the three splits as the notebook makes them: section 2.2, here without a folder of files on a disk. */
import { type Frame, fitFeaturewise, ImageGenerator, type Normalisation, SAMPLEWISE } from 'chexgpu';
import type { TrainingData } from './dataset.js';

/** Training images that the mean and deviation of validation and test images are taken of. */
const SAMPLE = 100;

export interface Generators {
  readonly train: ImageGenerator;
  readonly valid: ImageGenerator;
  readonly test: ImageGenerator;
  /** Of validation and test images. */
  readonly normalisation: Normalisation;
}

export async function makeGenerators(
  { frames, load }: TrainingData,
  { size, batchSize, seed }: { size: number; batchSize: number; seed: number },
): Promise<Generators> {
  const make = (frame: Frame, rest: object) =>
    new ImageGenerator({
      frame,
      load: (name) => load(name, size),
      height: size,
      width: size,
      batchSize,
      seed,
      ...rest,
    });
  const train = make(frames.train, { shuffle: true, normalisation: SAMPLEWISE });
  const sample = make(frames.train, { shuffle: true, batchSize: SAMPLE, prefetch: 0 });
  const { count, channels, pixels } = await sample.nextPixels();
  const each = size * size * channels;
  const normalisation = fitFeaturewise(
    Array.from({ length: count }, (_, i) => ({
      width: size,
      height: size,
      channels,
      data: pixels.subarray(i * each, (i + 1) * each),
    })),
  );
  const rest = { shuffle: false, normalisation };
  return { train, valid: make(frames.valid, rest), test: make(frames.test, rest), normalisation };
}
