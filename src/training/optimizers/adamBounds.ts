/**
 * Whether an Adam update stays within float32, found out before it is made. Bounds from the largest gradient of the
 * step tell nearly always; where they do not, the numbers themselves are looked at.
 */
import { FLOAT32_MOST } from '../../core/arguments.js';
import type { Parameters } from '../model/parameters.js';

/** Upper bounds of the magnitudes of all weights and of both moments. */
export interface AdamBounds {
  w: number;
  m: number;
  v: number;
}

/** As Adam's kernel takes them: shaders/adam/step.naive.wgsl. */
export interface AdamHyper {
  rate: number;
  beta1: number;
  beta2: number;
  epsilon: number;
}

/** Below this no rounding on the way leads out of float32. */
const SAFE = FLOAT32_MOST / 4;

/**
 * The bounds after an update with gradients of at most `gradient`; null where they do not show that every number
 * stays finite.
 */
export function boundsAfter(before: AdamBounds, gradient: number, hyper: AdamHyper): AdamBounds | null {
  const { rate, beta1, beta2, epsilon } = hyper;
  const m = beta1 * before.m + (1 - beta1) * gradient;
  const v = beta2 * before.v + (1 - beta2) * gradient * gradient;
  const w = before.w + (rate * m) / epsilon;
  return [rate, m, v, w, rate * m].every((bound) => bound < SAFE) ? { w, m, v } : null;
}

/**
 * Looks at every gradient, then at every number that the update would make.
 * @returns what is not finite first, in words, gradients in the order in which they are computed, from the head back
 *   to the stem; where all is finite, exact bounds after the update
 */
export async function findOverflow(parameters: Parameters, hyper: AdamHyper): Promise<string | AdamBounds> {
  const trainable = parameters.table.filter((spec) => spec.trainable);
  const gradients = await parameters.floats('gradients');
  for (const spec of [...trainable].reverse()) {
    const from = parameters.offsetOf(spec);
    for (let i = from; i < from + spec.size; i++) {
      if (Number.isFinite(gradients[i])) continue;
      return `the gradient of ${spec.key} holds ${gradients[i]}`;
    }
  }
  const [w, m, v] = [
    await parameters.floats('weights'),
    await parameters.floats('adamM'),
    await parameters.floats('adamV'),
  ];
  const rounded = {
    rate: Math.fround(hyper.rate),
    beta1: Math.fround(hyper.beta1),
    beta2: Math.fround(hyper.beta2),
    epsilon: Math.fround(hyper.epsilon),
  };
  const bounds = { w: 0, m: 0, v: 0 };
  for (const spec of trainable) {
    const from = parameters.offsetOf(spec);
    for (let i = from; i < from + spec.size; i++) {
      const next = updated(w[i], gradients[i], m[i], v[i], rounded);
      for (const name of ['m', 'v', 'w'] as const) {
        if (!Number.isFinite(next[name])) {
          return `${IN_WORDS[name]} ${spec.key} would be ${next[name]} after a gradient of ${gradients[i]}`;
        }
        bounds[name] = Math.max(bounds[name], Math.abs(next[name]));
      }
    }
  }
  return bounds;
}

const IN_WORDS = {
  m: "Adam's mean of the gradients of",
  v: "Adam's mean of the squared gradients of",
  w: 'a weight of',
} as const;

/** One parameter's update, rounded to float32 wherever the kernel rounds; `hyper` is rounded already. */
function updated(w: number, g: number, m: number, v: number, hyper: AdamHyper): AdamBounds {
  const { fround, sqrt } = Math;
  const { rate, beta1, beta2, epsilon } = hyper;
  const mean = fround(fround(beta1 * m) + fround(fround(1 - beta1) * g));
  const square = fround(fround(beta2 * v) + fround(fround(fround(1 - beta2) * g) * g));
  const step = fround(fround(rate * mean) / fround(fround(sqrt(square)) + epsilon));
  return { m: mean, v: square, w: fround(w - step) };
}
