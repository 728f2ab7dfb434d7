/** Predictions for a whole source, in its order: Keras' `predict_generator`. */
import type { BatchSource } from '../densenet/batch.js';
import type { DenseNet } from '../densenet/model.js';

export interface Predictions {
  files: string[];
  /** probabilities[n,classes] */
  probabilities: Float32Array;
  /** labels[n,classes], 0 or 1 */
  labels: Float32Array;
  waitMs: number;
  predictMs: number;
}

/**
 * Runs every batch of an epoch through the network, the partial last one included.
 * @param onProgress images done, images in all
 */
export async function predictAll(
  model: DenseNet,
  source: BatchSource,
  onProgress: (done: number, total: number) => void = () => {},
  signal?: AbortSignal,
): Promise<Predictions> {
  const { classes } = model.config;
  const files: string[] = [];
  const probabilities = new Float32Array(source.samples * classes);
  const labels = new Float32Array(source.samples * classes);
  let waitMs = 0;
  let predictMs = 0;
  for (let i = 0; i < source.length; i++) {
    signal?.throwIfAborted();
    const before = performance.now();
    const batch = await source.getBatch(i);
    const loaded = performance.now();
    probabilities.set(await model.predict(batch), files.length * classes);
    labels.set(batch.labels, files.length * classes);
    files.push(...batch.files);
    waitMs += loaded - before;
    predictMs += performance.now() - loaded;
    onProgress(files.length, source.samples);
  }
  return { files, probabilities, labels, waitMs, predictMs };
}
