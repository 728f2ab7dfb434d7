/**
 * AdamW: Adam with decoupled weight decay (Loshchilov and Hutter 2019). The formula stands in
 * shaders/adamw/step.naive.wgsl. Norms and biases do not decay, unless they are asked to.
 */
import { nonNegativeNumber, trueOrFalse } from '../../core/arguments.js';
import { adamwStep } from '../../shaders/adamw/adamw.js';
import { LAYOUT_BLOCK } from '../parameterSpec.js';
import { ADAM, type AdamSettings } from './adam.js';
import { multiplied, type OptimizerKind, optimizerMaker } from './optimizer.js';

export interface AdamWSettings extends AdamSettings {
  /** A step takes learningRate * weightDecay of a weight away, beside Adam's step. */
  weightDecay: number;
  /** Gamma and beta of batch norms and the biases decay as well. */
  decayAll: boolean;
}

/** Adam's settings; of the decay Keras' default. */
export const ADAMW: OptimizerKind<AdamWSettings> = {
  name: 'adamw',
  title: 'AdamW',
  settings: {
    ...ADAM.settings,
    weightDecay: {
      default: 0.004,
      check: nonNegativeNumber,
      help: 'a step takes learning rate times this of a weight away',
    },
    decayAll: { default: false, check: trueOrFalse, help: 'norms and biases decay as well' },
  },
  slots: {
    m: { what: "AdamW's mean of the gradients" },
    v: { what: "AdamW's mean of the squared gradients", nonNegative: true },
  },
  keras: {
    className: 'AdamW',
    settings: {
      learningRate: 'learning_rate',
      beta1: 'beta_1',
      beta2: 'beta_2',
      epsilon: 'epsilon',
      weightDecay: 'weight_decay',
    },
    // What exclude_from_weight_decay left out is in none of Keras' files.
    unsaid: { decayAll: true },
    // Keras 2.3 has no AdamW, and tf_keras only one that is not of the legacy kind.
    unused: { amsgrad: false, is_legacy_optimizer: false },
  },

  /** [rate, beta1, beta2, epsilon, decay, 1 or 0 for each block of the layout] */
  hyper(settings, t, layout) {
    const { learningRate, weightDecay, decayAll } = settings;
    const decays = layout.perBlock(({ tensor }) => (decayAll || tensor === 'kernel' ? 1 : 0));
    const hyper = new Float32Array(5 + decays.length);
    hyper.set(ADAM.hyper(settings, t, layout));
    hyper[4] = learningRate * weightDecay;
    hyper.set(decays, 5);
    return hyper;
  },

  /** The decay is a part of the learning rate. */
  rescaled: (hyper, factor) => multiplied(hyper, factor, 0, 4),

  record: (plan, label, { w, gradient, m, v, hyper, factors }) =>
    adamwStep(plan, label, { w, gradient, m, v, hyper }, { block: LAYOUT_BLOCK, factors }),

  boundsAfter(before, gradient, hyper) {
    // Where the decay takes away more than all of a weight, it grows on the other side of 0.
    const w = Math.max(1, hyper[4] - 1) * before.w;
    return ADAM.boundsAfter({ ...before, w }, gradient, hyper);
  },

  updated(before, g, hyper, at) {
    const { fround } = Math;
    const decay = fround(hyper[4] * hyper[5 + Math.floor(at / LAYOUT_BLOCK)]);
    const w = fround(before.w - fround(decay * before.w));
    return ADAM.updated({ ...before, w }, g, hyper, at);
  },
};

/** AdamW with these settings, for `compile` and `fit`. @throws UsageError naming a setting that cannot be used */
export const adamw = optimizerMaker(ADAMW);
