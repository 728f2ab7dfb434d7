/** Adam (Kingma and Ba 2015) by the rule of Keras 2. The formula stands in shaders/adam/step.naive.wgsl. */
import { fraction, nonNegativeNumber, positiveNumber } from '../../core/arguments.js';
import { adamRate, adamStep } from '../../shaders/adam/adam.js';
import {
  factorsOf,
  multiplied,
  type OptimizerKind,
  optimizerMaker,
  SAFE,
  type Settings,
} from './optimizer.js';

export interface AdamSettings extends Settings {
  beta1: number;
  beta2: number;
  /** Outside the square root. */
  epsilon: number;
}

/** Keras' defaults. */
export const ADAM: OptimizerKind<AdamSettings> = {
  name: 'adam',
  title: 'Adam',
  settings: {
    learningRate: { default: 1e-3, check: nonNegativeNumber },
    beta1: { default: 0.9, check: fraction },
    beta2: { default: 0.999, check: fraction },
    epsilon: { default: 1e-7, check: positiveNumber },
  },
  slots: {
    m: { what: "Adam's mean of the gradients" },
    v: { what: "Adam's mean of the squared gradients", nonNegative: true },
  },
  keras: {
    className: 'Adam',
    settings: { learningRate: 'learning_rate', beta1: 'beta_1', beta2: 'beta_2', epsilon: 'epsilon' },
    unused: { decay: 0, amsgrad: false },
    emptySlots: ['vhat'],
  },

  /** [rate, beta1, beta2, epsilon] */
  hyper: ({ learningRate, beta1, beta2, epsilon }, t) =>
    Float32Array.of(adamRate(learningRate, beta1, beta2, t), beta1, beta2, epsilon),

  rescaled: (hyper, factor) => multiplied(hyper, factor, 0),

  record(plan, label, tensors) {
    const { w, gradient, m, v, hyper } = tensors;
    adamStep(plan, label, { w, gradient, m, v, hyper }, factorsOf(tensors));
  },

  boundsAfter(before, gradient, [rate, beta1, beta2, epsilon]) {
    const m = beta1 * before.m + (1 - beta1) * gradient;
    const v = beta2 * before.v + (1 - beta2) * gradient * gradient;
    const w = before.w + (rate * m) / epsilon;
    return [rate, m, v, w, rate * m].every((bound) => bound < SAFE) ? { w, m, v } : null;
  },

  updated(before, g, [rate, beta1, beta2, epsilon]) {
    const { fround, sqrt } = Math;
    const m = fround(fround(beta1 * before.m) + fround(fround(1 - beta1) * g));
    const v = fround(fround(beta2 * before.v) + fround(fround(fround(1 - beta2) * g) * g));
    const step = fround(fround(rate * m) / fround(fround(sqrt(v)) + epsilon));
    return { m, v, w: fround(before.w - step) };
  },
};

/** Adam with these settings, for `compile` and `fit`. @throws UsageError naming a setting that cannot be used */
export const adam = optimizerMaker(ADAM);
