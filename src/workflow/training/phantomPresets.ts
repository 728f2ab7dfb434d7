/** Sizes and counts of `chexgpu run` where the user gives none and it draws its own X-rays. */
import { DATA_WORDS, NOTEBOOK_STEPS, type Preset } from './presets.js';

export interface PhantomPreset extends Preset {
  images: number;
  bnMomentum: number;
}

/**
 * `chexgpu run --from-scratch`, or of another network than the package's, without data. In software it has to end
 * within minutes on two cores; so few steps need moving averages that follow sooner than Keras' 0.99.
 */
export const PHANTOM_PRESET: Record<'hardware' | 'software', PhantomPreset> = {
  hardware: {
    images: 400,
    size: 320,
    batchSize: 8,
    epochs: 5,
    stepsPerEpoch: NOTEBOOK_STEPS,
    bnMomentum: 0.9,
  },
  software: {
    images: 100,
    size: 64,
    batchSize: 8,
    epochs: 3,
    stepsPerEpoch: NOTEBOOK_STEPS,
    bnMomentum: 0.9,
  },
};

/**
 * `chexgpu run` without data and from the package's own network: that has learned already, so a short fine-tuning at
 * the size that it was trained on.
 */
export const TUNING_PRESET: Record<'hardware' | 'software', Omit<PhantomPreset, 'size'>> = {
  hardware: {
    images: 400,
    batchSize: 8,
    epochs: 2,
    stepsPerEpoch: NOTEBOOK_STEPS,
    bnMomentum: 0.99,
    keepBest: true,
  },
  software: {
    images: 100,
    batchSize: 8,
    epochs: 1,
    stepsPerEpoch: 5,
    bnMomentum: 0.99,
    keepBest: true,
  },
};

/**
 * Of that fine-tuning, in the optimizer's default rate: with Adam a hundredth of the highest rate at which the network
 * was trained last.
 */
export const TUNING_SHARE = 0.006;

/** For the help of `run`, which has data, phantoms, and phantoms from scratch. */
export const RUN_WORDS = {
  ...DATA_WORDS,
  size: `${DATA_WORDS.size}; of the package's network its own, 224`,
  epochs:
    `3; on phantoms ${TUNING_PRESET.hardware.epochs}, in software ${TUNING_PRESET.software.epochs}; ` +
    'from scratch 5 and 3',
  steps: `${DATA_WORDS.steps}; on phantoms in software ${TUNING_PRESET.software.stepsPerEpoch}`,
  momentum: "0.99, Keras'; on phantoms from scratch 0.9",
  weights: "on data drawn with --seed, on phantoms the package's own",
};
