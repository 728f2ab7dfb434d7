/** Adam between two steps: what a training needs, besides the weights, to go on as if it had never stopped. */
import { firstIndex, fraction, kindOf, positiveNumber, requireObject, shown } from '../../core/arguments.js';
import { WeightsError } from '../../core/errors.js';
import type { ParameterTable, WeightMap } from '../parameterSpec.js';

/** Keras' defaults hold where a field is missing: keras-spec 5.2. */
export interface AdamSettings {
  /** Default 0.001. */
  learningRate?: number;
  /** Default 0.9. */
  beta1?: number;
  /** Default 0.999. */
  beta2?: number;
  /** Outside the square root; default 1e-7. */
  adamEpsilon?: number;
}

export interface AdamState {
  /** Updates done so far; the next one's bias correction counts from here. */
  iterations: number;
  /** Running means of the gradients, by ParameterSpec.key of every trainable tensor. */
  m: WeightMap;
  /** Running means of the squared gradients, likewise. */
  v: WeightMap;
  /** What the updates were made with, as far as it is known. */
  settings: AdamSettings;
}

/** The first of `settings` that says anything, field by field; else Keras' defaults. */
export function adamSettings(...settings: (AdamSettings | undefined)[]): Required<AdamSettings> {
  const pick = (field: keyof AdamSettings, fallback: number): number =>
    settings.map((s) => s?.[field]).find((value) => value !== undefined) ?? fallback;
  return {
    learningRate: pick('learningRate', 1e-3),
    beta1: pick('beta1', 0.9),
    beta2: pick('beta2', 0.999),
    adamEpsilon: pick('adamEpsilon', 1e-7),
  };
}

/**
 * Throws UsageError unless every setting that is there can be used: learning rate and epsilon above 0, the betas from
 * 0 to below 1, all of it as float32, which the GPU computes with. `name` is put before the field.
 */
export function checkAdamSettings(settings: AdamSettings, name = ''): void {
  const { learningRate, beta1, beta2, adamEpsilon } = settings;
  if (learningRate !== undefined) positiveNumber(`${name}learningRate`, learningRate);
  if (beta1 !== undefined) fraction(`${name}beta1`, beta1);
  if (beta2 !== undefined) fraction(`${name}beta2`, beta2);
  if (adamEpsilon !== undefined) positiveNumber(`${name}adamEpsilon`, adamEpsilon);
}

/**
 * Throws WeightsError unless the state is one of this network: both moments of every trainable tensor and
 * of nothing else, of the right size, finite, v not negative, and a whole number of updates; UsageError for its
 * settings, as `checkAdamSettings`. `name` is what the message calls it.
 */
export function checkAdamState(state: AdamState, network: ParameterTable, name = "Adam's state"): void {
  const hint = 'It belongs to another network, or the file is damaged.';
  requireObject(name, state);
  const { iterations } = state;
  if (!Number.isSafeInteger(iterations) || iterations < 0) {
    throw new WeightsError(`${name} counts ${iterations} updates, which is no whole number from 0.`, hint);
  }
  if (state.settings !== undefined) {
    requireObject(`${name}: settings`, state.settings);
    checkAdamSettings(state.settings, `${name}: `);
  }
  const trainable = network.parameters.filter((spec) => spec.trainable);
  const known = new Set(trainable.map((spec) => spec.key));
  for (const moment of ['m', 'v'] as const) {
    const moments = state[moment];
    if (kindOf(moments) !== 'Map') {
      throw new WeightsError(
        `${name}: ${moment} is ${shown(moments)}; it must be a Map of Float32Arrays.`,
        hint,
      );
    }
    for (const key of moments.keys()) {
      if (!known.has(key)) {
        throw new WeightsError(
          `${name} holds ${moment} of ${key}, which ${network.name} does not train.`,
          hint,
        );
      }
    }
    for (const { key, shape, size } of trainable) {
      const values = moments.get(key);
      const wanted = `[${shape.join(', ')}]`;
      if (!values) throw new WeightsError(`${name} lacks ${moment} of ${key} ${wanted}.`, hint);
      if (kindOf(values) !== 'Float32Array') {
        throw new WeightsError(`${name}: ${moment} of ${key} is ${shown(values)}, no Float32Array.`, hint);
      }
      if (values.length !== size) {
        throw new WeightsError(
          `${name}: ${moment} of ${key} has ${values.length} numbers, ${network.name} wants ${wanted} = ${size}.`,
          hint,
        );
      }
      const bad = firstIndex(values, (value) => !Number.isFinite(value) || (moment === 'v' && value < 0));
      if (bad >= 0) {
        throw new WeightsError(`${name}: ${moment} of ${key} is ${values[bad]} at position ${bad}.`, hint);
      }
    }
  }
}
