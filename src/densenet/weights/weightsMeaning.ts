/** What weights mean beyond their numbers: names of the outputs, their scale, the pixels that are expected. */
import { WeightsError } from '../../core/errors.js';
import type { Normalisation } from '../../training/batch.js';

/** How an image becomes the input that weights were trained on. */
export interface Preprocessing {
  /** Side in pixels. */
  size: number;
  /** Name of the filter that images are resized with, as in `resize`. */
  interpolation: string;
  /** How stored samples of more than 8 bits become pixels 0..255, a `Scaling`; absent where nobody says. */
  scaling?: string;
  /** Of pixels 0..255. */
  normalisation: Normalisation;
}

/** What weights mean beyond their numbers. */
export interface WeightsMeaning {
  /** Name of each output, '' for one that was never trained; null where nobody says. */
  labels: readonly string[] | null;
  /** What the weights expect of the pixels; null where nobody says. */
  preprocessing: Preprocessing | null;
  /** torchxrayvision's op_threshs for `opNorm`: NaN for an output never trained. Null where there are none. */
  thresholds: Float32Array | null;
  /** What whoever sees a prediction has to be told, as "trained on drawings"; null where there is nothing. */
  notice: string | null;
}

/** Checks a Preprocessing that was read from a file. Throws WeightsError; `where` names it. */
export function parsePreprocessing(value: unknown, where: string): Preprocessing {
  const { size, interpolation, scaling, normalisation } = (value ?? {}) as Partial<Preprocessing>;
  const named = typeof interpolation === 'string' && ['string', 'undefined'].includes(typeof scaling);
  const known = Number.isInteger(size) && (size as number) > 0 && named;
  if (!known || !isNormalisation(normalisation)) {
    throw new WeightsError(`${where} is no preprocessing: ${JSON.stringify(value)?.slice(0, 100)}.`);
  }
  return { size: size as number, interpolation, ...(scaling !== undefined && { scaling }), normalisation };
}

/** Whether a value that was read from a file is a Normalisation, with numbers that can be. */
export function isNormalisation(value: unknown): value is Normalisation {
  const n = (value ?? {}) as { kind?: unknown; mean?: unknown; std?: unknown; epsilon?: unknown };
  const numbers = (list: unknown, least: number) =>
    Array.isArray(list) && list.length === 3 && list.every((v) => Number.isFinite(v) && v >= least);
  const epsilon = Number.isFinite(n.epsilon) && (n.epsilon as number) >= 0;
  if (n.kind === 'none') return true;
  if (n.kind === 'samplewise') return epsilon;
  return (
    n.kind === 'featurewise' && epsilon && numbers(n.mean, Number.NEGATIVE_INFINITY) && numbers(n.std, 0)
  );
}
