/** The checkpoint: weights.h5 as Keras writes it, and history.json beside it. */
import { join } from 'node:path';
import { writeWhole } from '../../core/writeFile.node.js';
import type { DenseNetConfig } from '../../densenet/architecture.js';
import { writeWeightFile } from '../../densenet/weights/weights.node.js';
import type { TrainingSummary } from '../../eval/report/reportData.js';
import type { Normalisation } from '../../training/batch.js';
import type { WeightMap } from '../../training/parameterSpec.js';
import type { Preparation } from '../data/dataset.node.js';
import { HISTORY_FILE, HISTORY_SCHEMA } from './history.node.js';

export const WEIGHTS_FILE = 'weights.h5';

/** What a checkpoint keeps: the weights, how the images were prepared for them, and how they were trained. */
export interface TrainingFacts {
  config: DenseNetConfig;
  weights: WeightMap;
  preparation: Preparation;
  normalisation: Normalisation;
  training: TrainingSummary;
}

/**
 * Writes weights.h5 (Keras 2.3's `save_weights`) and the history.json that names it by its sha256 into `folder`, each
 * whole or not at all; files of these names give way.
 * @throws WeightsError for tensors that are not the network's; DataError where the disk refuses
 */
export async function writeCheckpoint(folder: string, facts: TrainingFacts): Promise<void> {
  const { config, weights, preparation, normalisation, training } = facts;
  const { size, seed, interpolation, scaling, augmentation = null } = preparation;
  const { sha256 } = await writeWeightFile(join(folder, WEIGHTS_FILE), weights, config);
  const history = {
    schema: HISTORY_SCHEMA,
    written_by: 'chexgpu',
    // The bytes and not the name make the weights: copied or renamed they keep their history.
    weights: { file: WEIGHTS_FILE, sha256 },
    network: config.name,
    bnEpsilon: config.bnEpsilon,
    inputChannels: config.inputChannels,
    activation: config.activation,
    size,
    seed,
    interpolation,
    scaling,
    augmentation,
    // Validation and test images are normalised so; whoever predicts with these weights should do the same.
    normalisation,
    // `loss` is Keras' name for the numbers.
    lossFunction: { name: training.loss.name, settings: training.loss.settings },
    optimizer: training.optimizer,
    batchSize: training.batchSize,
    loss: training.epochs.map((e) => e.loss),
    val_loss: training.epochs.map((e) => e.valLoss),
    lr: training.epochs.map((e) => e.learningRate),
    step_loss: training.stepLosses,
    stopped: training.stopped,
    weights_epoch: training.weightsEpoch,
  };
  await writeWhole(join(folder, HISTORY_FILE), `${JSON.stringify(history, null, 1)}\n`);
}
