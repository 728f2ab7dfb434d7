/** Stochastic gradient descent with momentum by Keras' rule. The formula stands in shaders/sgd/step.naive.wgsl. */
import { nonNegativeNumber, share, trueOrFalse } from '../../core/arguments.js';
import { sgdStep } from '../../shaders/sgd/sgd.js';
import {
  factorsOf,
  multiplied,
  type OptimizerKind,
  optimizerMaker,
  SAFE,
  type Settings,
} from './optimizer.js';

export interface SgdSettings extends Settings {
  /** How much of the last step goes on, 0 to 1. */
  momentum: number;
  nesterov: boolean;
}

/** Keras' defaults. */
export const SGD: OptimizerKind<SgdSettings> = {
  name: 'sgd',
  title: 'SGD',
  settings: {
    learningRate: { default: 0.01, check: nonNegativeNumber },
    momentum: { default: 0, check: share, help: 'share of the last step that goes on' },
    nesterov: { default: false, check: trueOrFalse, help: "Nesterov's momentum" },
  },
  slots: { velocity: { what: "SGD's velocity" } },
  keras: {
    className: 'SGD',
    settings: { learningRate: 'learning_rate', momentum: 'momentum', nesterov: 'nesterov' },
    unused: { decay: 0 },
  },

  /** [learning rate, momentum, 1 with Nesterov's momentum, 0] */
  hyper: ({ learningRate, momentum, nesterov }) =>
    Float32Array.of(learningRate, momentum, nesterov ? 1 : 0, 0),

  rescaled: (hyper, factor) => multiplied(hyper, factor, 0),

  record(plan, label, tensors) {
    const { w, gradient, velocity, hyper } = tensors;
    sgdStep(plan, label, { w, gradient, velocity, hyper }, factorsOf(tensors));
  },

  boundsAfter(before, gradient, [rate, momentum]) {
    const step = rate * gradient;
    const velocity = momentum * before.velocity + step;
    // With Nesterov's momentum or without.
    const w = before.w + velocity + step;
    return [step, velocity, w].every((bound) => bound < SAFE) ? { w, velocity } : null;
  },

  updated(before, g, [rate, momentum, nesterov]) {
    const { fround } = Math;
    const step = fround(rate * g);
    const velocity = fround(fround(momentum * before.velocity) - step);
    const move = nesterov > 0 ? fround(fround(momentum * velocity) - step) : velocity;
    return { velocity, w: fround(before.w + move) };
  },
};

/** SGD with these settings, for `compile` and `fit`. @throws UsageError naming a setting that cannot be used */
export const sgd = optimizerMaker(SGD);
