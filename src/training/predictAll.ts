/** Predictions for a whole source, in its order: Keras' `predict_generator`. */
import { listOfNumbers, requireFields, requireObject, wholeNumber } from '../core/arguments.js';
import { DataError } from '../core/errors.js';
import { checkWork, tell, WORK, type WorkOptions } from '../core/work.js';
import type { Batch, BatchSource } from './batch.js';
import { checkSource, requireModel } from './checkSource.js';
import { type ClassChoice, classIndices } from './classNames.js';
import type { Model } from './model/model.js';

/** What `predictAll` gives, n images in the order of the source; times in milliseconds. */
export interface Predictions {
  files: string[];
  /** probabilities[n,classes], of all classes or of those that were asked for */
  probabilities: Float32Array;
  /** labels[n,classes], 0 or 1; NaN where unknown, as where a batch has none */
  labels: Float32Array;
  waitMs: number;
  predictMs: number;
}

export interface PredictAllOptions extends WorkOptions {
  /** The outputs that are wanted, by name or number, in this order. Default: all. */
  classes?: readonly ClassChoice[];
}

/**
 * Runs every batch of an epoch through the network, the partial last one included.
 * @param options `onProgress` hears of `predict`, with the images that are done, and of what `Model.predict` says
 * @throws UsageError for a source that is none, and for a class that there is not; DataError for a source that gives
 *   more or fewer images than it says, or other labels than the network has; as `Model.predict`
 */
export async function predictAll(
  model: Model,
  source: BatchSource,
  options: PredictAllOptions = {},
): Promise<Predictions> {
  requireModel('predictAll', model);
  const { classes } = model.network;
  checkSource('The source', source);
  wholeNumber('The source: samples', source.samples, 0);
  requireFields('The options of predictAll', options, ['classes', ...WORK]);
  checkWork(options);
  const { signal, onProgress } = options;
  const wanted = options.classes && classIndices(options.classes, model.labels, model.network);
  const files: string[] = [];
  const probabilities = new Float32Array(source.samples * classes);
  const labels = new Float32Array(source.samples * classes).fill(Number.NaN);
  let waitMs = 0;
  let predictMs = 0;
  for (let i = 0; i < source.length; i++) {
    signal?.throwIfAborted();
    const before = performance.now();
    const batch = await model.waitFor(source.getBatch(i), signal);
    const loaded = performance.now();
    requireObject('The batch', batch);
    const done = files.length;
    if (done + batch.count > source.samples) {
      throw new DataError(`The source gave more than the ${source.samples} images that it says to have.`);
    }
    const found = await model.predict(batch, { signal, onProgress });
    probabilities.set(found, done * classes);
    if (batch.labels?.length) labels.set(labelsOf(batch, classes), done * classes);
    for (let image = 0; image < batch.count; image++) {
      files.push(batch.files?.[image] ?? `image ${done + image}`);
    }
    waitMs += loaded - before;
    predictMs += performance.now() - loaded;
    await tell(options, { phase: 'predict', done: files.length, total: source.samples, unit: 'images' });
  }
  if (files.length < source.samples) {
    throw new DataError(
      `The source gave ${files.length} of the ${source.samples} images that it says to have.`,
    );
  }
  const chosen = (values: Float32Array) => (wanted ? columns(values, classes, wanted) : values);
  return { files, probabilities: chosen(probabilities), labels: chosen(labels), waitMs, predictMs };
}

/** [n,wanted] of values[n,classes]. */
function columns(values: Float32Array, classes: number, wanted: readonly number[]): Float32Array {
  const rows = values.length / classes;
  return Float32Array.from({ length: rows * wanted.length }, (_, i) => {
    const row = Math.floor(i / wanted.length);
    return values[row * classes + wanted[i % wanted.length]];
  });
}

/** @throws DataError for labels of another number than the network's outputs ask for */
function labelsOf({ count, labels }: Batch, classes: number): ArrayLike<number> {
  const given = listOfNumbers('batch.labels', labels);
  if (given.length === count * classes) return given;
  throw new DataError(
    `A batch of ${count} images came with ${given.length} labels; ${classes} an image are wanted.`,
  );
}
