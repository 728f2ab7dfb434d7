/** One number of the backward pass beside what the loss itself says of it: the quotient of a finite difference. */

import { positiveNumber, requireFields, shown, wholeNumber } from '../../core/arguments.js';
import { NonFiniteError, UsageError } from '../../core/errors.js';
import { nearNames } from '../../core/nearNames.js';
import { WORK, type WorkOptions } from '../../core/work.js';
import type { Batch } from '../batch.js';
import { requireModel } from '../checkSource.js';
import type { Model } from '../model/model.js';
import type { ParameterSpec, WeightMap } from '../parameterSpec.js';
import type { InspectedMap } from './inspect.js';

export interface GradientCheck {
  /** dL/dw of the backward pass. */
  gradient: number;
  /** (L(w + h) - L(w - h)) / 2h */
  difference: number;
  /** How far they lie apart, as a share of the larger one. */
  relative: number;
  /** h, as single precision has it. */
  step: number;
  /** What rounding the two losses to single precision alone may add to the difference. */
  noise: number;
  /** L(w - h), L(w), L(w + h), as the GPU has them. */
  losses: { minus: number; at: number; plus: number };
}

export interface GradientCheckOptions extends WorkOptions {
  /**
   * h. Default: where rounding may add a fiftieth of the gradient; at most 1/128 of the weight or of the root mean
   * square of its tensor, whichever is larger.
   */
  step?: number;
}

/**
 * The largest h against the weight, and what rounding may add to the gradient: with a smaller h the rounding of the
 * losses drowns their difference, with a larger one the loss is no straight line any more. In a deep network a weight
 * of the stem moves so many ReLUs across 0 that the two meet: a tenth and more may then remain, whatever h is.
 */
const STEP = 2 ** -7;
const SHARE_OF_ROUNDING = 1 / 50;
/** Two losses, each rounded by half of 2^-23 of itself, and a few roundings on the way to them. */
const ROUNDING = 2 ** -21;

/**
 * Checks the gradient of one weight for a batch in training mode; nobody else must train the model meanwhile. The model
 * stays as it is: the weight is moved in a copy.
 * @param key of a tensor that learns, `conv1/conv/kernel`
 * @param index of the weight in it: in C order, or one index per dimension, [0, 0, 0, 5]
 * @throws UsageError before `compile`, for a tensor or an index that there is not and a frozen tensor; NonFiniteError
 *   for a loss; as `Model.inspect`
 */
export async function gradientCheck(
  model: Model,
  batch: Batch,
  key: string,
  index: number | readonly number[],
  options: GradientCheckOptions = {},
): Promise<GradientCheck> {
  requireModel('gradientCheck', model);
  requireFields('The options of gradientCheck', options, ['step', ...WORK]);
  const { step: wanted, ...work } = options;
  const spec = specOf(model, key);
  const at = placeOf(spec, index);
  const values = await trainedValues(model, key, work);
  const rms = Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);
  const scale = Math.max(Math.abs(values[at]), rms) || 1;
  if (wanted !== undefined) positiveNumber('step', wanted);
  const passes = async (moved: number) => {
    const own = values.slice();
    own[at] += moved;
    const found = await pass(model, batch, new Map([[key, own]]), work);
    return { w: own[at], ...found };
  };
  const here = await passes(0);
  const slopes = here.gradients.get(key);
  if (!slopes) throw new UsageError(`${key} is frozen: it has no gradient.`, 'Compile without freezing it.');
  const gradient = slopes[at];
  const heard = (ROUNDING * Math.abs(here.loss)) / (2 * SHARE_OF_ROUNDING * Math.abs(gradient));
  // Nothing to be heard where loss and gradient are 0; and a weight has neighbours no nearer than 2^-24 of it.
  const least = 2 ** -20 * Math.abs(values[at]);
  const h = wanted ?? Math.max(least, Math.min(STEP * scale, heard || Number.POSITIVE_INFINITY));
  const [minus, plus] = [await passes(-h), await passes(h)];
  if (plus.w === minus.w) {
    throw new UsageError(
      `step is ${h}, too small to move ${key}[${at}] = ${values[at]} in single precision.`,
    );
  }
  const difference = (plus.loss - minus.loss) / (plus.w - minus.w);
  const largest = Math.max(Math.abs(gradient), Math.abs(difference));
  return {
    gradient,
    difference,
    relative: largest === 0 ? 0 : Math.abs(gradient - difference) / largest,
    step: (plus.w - minus.w) / 2,
    noise: (ROUNDING * Math.abs(here.loss)) / (plus.w - minus.w),
    losses: { minus: minus.loss, at: here.loss, plus: plus.loss },
  };
}

function specOf({ network }: Model, key: string): ParameterSpec {
  const trainable = network.parameters.filter((spec) => spec.trainable);
  const spec = trainable.find((one) => one.key === key);
  if (spec) return spec;
  const near = nearNames(
    String(key),
    trainable.map((one) => one.key),
    3,
  );
  throw new UsageError(`${network.name} trains no tensor ${shown(key)}.`, `Near it: ${near.join(', ')}.`);
}

/** Index in C order. */
function placeOf({ key, shape, size }: ParameterSpec, index: number | readonly number[]): number {
  const given = Array.isArray(index) ? (index as readonly number[]) : [index as number];
  const sizes = Array.isArray(index) ? shape : [size];
  if (given.length !== sizes.length) {
    throw new UsageError(
      `${key} has ${shape.length} dimensions, [${shape.join(', ')}], and the index ${shown(index)}.`,
    );
  }
  return given.reduce((place, n, d) => {
    const checked = wholeNumber(`The index of ${key}`, n, 0);
    if (checked >= sizes[d])
      throw new UsageError(`${key} is [${shape.join(', ')}]; it has no index ${shown(index)}.`);
    return place * sizes[d] + checked;
  }, 0);
}

/** What the optimizer moves: behind an average of the weights those are others than the network's. */
async function trainedValues(model: Model, key: string, work: WorkOptions): Promise<Float32Array> {
  const { slots } = await model.exportOptimizer(work);
  return slots.trained?.get(key) ?? (await model.exportWeights(work)).get(key)!;
}

/** Loss and gradient with some other weights. */
async function pass(model: Model, batch: Batch, weights: WeightMap, work: WorkOptions) {
  const gradients = new Map<string, Float32Array>();
  let loss = Number.NaN;
  const only = ({ kind, name }: Pick<InspectedMap, 'kind' | 'name'>) =>
    kind === 'loss' || (kind === 'gradient of weights' && weights.has(name));
  await model.inspect(
    batch,
    ({ kind, name, values }) => {
      if (kind === 'loss') loss = values[0];
      else gradients.set(name, values);
    },
    { ...work, mode: 'training', gradients: true, only, weights },
  );
  if (!Number.isFinite(loss))
    throw new NonFiniteError(`The loss of this batch is ${loss}.`, 'Check the weights.');
  return { loss, gradients };
}
