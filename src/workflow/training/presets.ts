/** Sizes and counts where the user gives none: by adapter, as a processor is a thousand times slower. */
import { UsageError } from '../../core/errors.js';
import { plural } from '../../core/formatting.js';
import type { AugmentationOptions } from '../../data/generator/augmentation.js';
import type { AugmentOn } from '../../data/generator/generator.js';
import type { Scaling } from '../../data/images/pixelFacts.js';
import type { Interpolation } from '../../data/images/resize.js';
import type { ClassWeighting } from '../../data/tables/classWeights.js';
import { type DenseNetConfig, TOY_SIZE } from '../../densenet/architecture.js';
import type { LayerSettings } from '../../training/layers/layerSettings.js';
import type { LossChoice } from '../../training/losses/loss.js';
import type { CompleteOptimizer } from '../../training/optimizers/optimizer.js';
import type { ScheduleChoice } from '../../training/schedules/schedule.js';
import type { UpdateSettings } from '../../training/updates/updateSettings.js';
import type { CallbackChoices } from './callbackChoices.js';

/** What may be said of a training; what is left out the presets say. */
export interface TrainingChoices {
  size?: number;
  batchSize?: number;
  epochs?: number;
  stepsPerEpoch?: number;
  /** What watches the training, keeps files of it, or ends it. */
  callbacks?: CallbackChoices;
  loss: LossChoice;
  /** Of a loss that weighs classes; left out, by frequencies. */
  classWeights?: ClassWeighting;
  /** How training images are drawn; left out, each once in an epoch. */
  sampler?: 'balanced';
  optimizer: CompleteOptimizer;
  /** Of the learning rate; left out, it stays. */
  schedule?: ScheduleChoice;
  updates: UpdateSettings;
  /** What of the network learns. */
  layers: LayerSettings;
  seed: number;
  interpolation?: Interpolation;
  scaling?: Scaling;
  /** Of the training images only. */
  augmentation?: AugmentationOptions;
  /** Where they are augmented; left out, on the CPU. */
  augmentOn?: AugmentOn;
  /** Decode every image before the first step. */
  check: boolean;
  /** An error, not a warning, where patients are in two splits. */
  refuseLeakage: boolean;
}

/** What a training needs, with every default filled in. */
export interface TrainingPlan {
  size: number;
  batchSize: number;
  epochs: number;
  stepsPerEpoch: number;
  callbacks?: CallbackChoices;
  /** End with the weights of the least validation loss, those before the training among them. */
  keepBest?: boolean;
  optimizer: CompleteOptimizer;
  schedule?: ScheduleChoice;
  updates: UpdateSettings;
  layers: LayerSettings;
}

export type Preset = Omit<TrainingPlan, 'optimizer' | 'callbacks' | 'schedule' | 'updates' | 'layers'>;

/** The notebook's steps in an epoch, where the data have as many. */
export const NOTEBOOK_STEPS = 100;

/** The notebook's numbers; in software the images are smaller. */
export const DATA_PRESET: Record<'hardware' | 'software', Preset> = {
  hardware: { size: 320, batchSize: 8, epochs: 3, stepsPerEpoch: NOTEBOOK_STEPS },
  software: { size: 64, batchSize: 8, epochs: 3, stepsPerEpoch: NOTEBOOK_STEPS },
};

/** Presets for a network: the toy's images are small on every adapter. */
export function presetsFor<P extends Preset>(
  { name }: Pick<DenseNetConfig, 'name'>,
  presets: Record<'hardware' | 'software', P>,
): Record<'hardware' | 'software', P> {
  if (name !== 'toy') return presets;
  const { hardware, software } = presets;
  return { hardware: { ...hardware, size: TOY_SIZE }, software: { ...software, size: TOY_SIZE } };
}

/** The same for --help. */
export const DATA_WORDS = {
  size: '320, in software 64; of the toy 16',
  batch: '8',
  epochs: '3',
  steps: `all of the data, at most ${NOTEBOOK_STEPS}`,
  momentum: "0.99, Keras'",
  weights: 'drawn with --seed',
};

/**
 * @param images to train on
 * @throws UsageError for more batches per update than an epoch has
 */
export function trainingPlan(choices: TrainingChoices, preset: Preset, images: number): TrainingPlan {
  const batchSize = choices.batchSize ?? preset.batchSize;
  const batches = Math.ceil(images / batchSize);
  const stepsPerEpoch = choices.stepsPerEpoch ?? Math.min(preset.stepsPerEpoch, batches);
  const { accumulate } = choices.updates;
  if (accumulate > stepsPerEpoch) {
    throw new UsageError(
      `${accumulate} batches per update are more than an epoch has, and each ends with an update: ` +
        `there ${stepsPerEpoch === 1 ? 'is' : 'are'} ${plural(stepsPerEpoch, 'step')}.`,
      'Average fewer batches, or take more steps in an epoch.',
    );
  }
  return {
    size: choices.size ?? preset.size,
    batchSize,
    epochs: choices.epochs ?? preset.epochs,
    stepsPerEpoch,
    callbacks: choices.callbacks,
    keepBest: preset.keepBest,
    optimizer: choices.optimizer,
    schedule: choices.schedule,
    updates: choices.updates,
    layers: choices.layers,
  };
}
