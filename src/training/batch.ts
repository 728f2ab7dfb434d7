/**
 * What the training loop and the model need of a batch. The data layer fills these; nothing here
 * knows files or CSVs.
 */

import type { StateValue } from '../core/stateValue.js';
import type { Changes } from '../shaders/augment/changes.js';

/** How raw 0..255 pixels become network input. Formulas: keras-preprocessing 1.1.0 `standardize`. */
export type Normalisation =
  | { kind: 'none' }
  /** x = (x - mean) / (std + epsilon), one mean and one population std per image, over h, w and c. */
  | { kind: 'samplewise'; epsilon: number }
  /** x[..,c] = (x[..,c] - mean[c]) / (std[c] + epsilon), statistics of a training sample. */
  | { kind: 'featurewise'; mean: [number, number, number]; std: [number, number, number]; epsilon: number };

/** Images in a batch and their size in pixels. */
export interface BatchShape {
  count: number;
  height: number;
  width: number;
}

/** What a batch may say of its images. */
interface BatchFacts {
  /** labels[b,classes], 0 or 1; NaN where unknown. For training only. */
  labels?: Float32Array;
  /** What tables and errors call the images; default `image 0`, `image 1` and so on. */
  files?: string[];
}

/** Raw pixels[b,h,w,channels] in 0..255; one channel means gray. */
export interface PixelBatch extends BatchShape, BatchFacts {
  channels: 1 | 3;
  pixels: Uint8Array;
  /** What is done to the pixels on the GPU before they are normalised; an `ImageGenerator` draws it. Not copied. */
  changes?: Changes;
  normalisation: Normalisation;
}

/** Pixels already normalised: x[b,h,w,c], as many channels as the network reads. */
export interface FloatBatch extends BatchShape, BatchFacts {
  x: Float32Array;
}

export type Batch = PixelBatch | FloatBatch;

/** A batch that says all of its images. */
export type Labelled<B extends Batch = Batch> = B & Required<BatchFacts>;

/** A Keras-style sequence of batches. */
export interface BatchSource {
  /** Batches in an epoch; the last one may be partial. */
  readonly length: number;
  /** Images in an epoch. */
  readonly samples: number;
  readonly batchSize: number;
  /** Class names, in the order of the label columns; default: their numbers. */
  readonly labels?: readonly string[];
  /** Batch `index` of this epoch: pixels where the source has them as stored, floats where it changed them. */
  getBatch(index: number): Promise<Batch>;
  onEpochEnd(): void;
  /**
   * All that decides the batches still to come: the order of this epoch, random numbers. Asked between two batches.
   * Where it is left out, nothing but the index does.
   */
  state?(): StateValue;
  /** Takes back what `state` gave, maybe in another process. @throws UsageError for a state of other data */
  restore?(state: StateValue): void;
}
