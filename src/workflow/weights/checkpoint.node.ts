/** The checkpoint: weights.h5 as Keras writes it, and history.json beside it. */

import { join } from 'node:path';
import { requireObject, requirePath } from '../../core/arguments.js';
import { requireWork, type WorkOptions } from '../../core/work.js';
import { writeWhole } from '../../core/writeFile.node.js';
import type { DenseNetConfig } from '../../densenet/architecture.js';
import { kindFor } from '../../densenet/weights/formats.js';
import { layoutOf } from '../../densenet/weights/layout.js';
import { writeWeightFile } from '../../densenet/weights/weights.node.js';
import type { TrainingSummary } from '../../eval/report/reportData.js';
import type { Normalisation } from '../../training/batch.js';
import type { OptimizerState } from '../../training/optimizers/state.js';
import type { WeightMap } from '../../training/parameterSpec.js';
import type { Preparation } from '../data/dataset.node.js';
import { HISTORY_FILE, HISTORY_SCHEMA } from './history.node.js';

export const WEIGHTS_FILE = 'weights.h5';

/** What a checkpoint keeps: the weights, how the images were prepared for them, and how they were trained. */
export interface TrainingFacts {
  config: DenseNetConfig;
  /** Names of the outputs. */
  labels: readonly string[];
  weights: WeightMap;
  preparation: Preparation;
  normalisation: Normalisation;
  training: TrainingSummary;
}

/** Weights of the same training that a callback kept beside the checkpoint. */
export interface SavedWeights {
  file: string;
  sha256: string;
  /** From 1. */
  epoch: number;
}

/**
 * Writes weights.h5 (Keras 2.3's `save_weights`) and the history.json that names it by its sha256 into `folder`, each
 * whole or not at all; files of these names give way.
 * @param saved what callbacks kept there: the history is theirs too
 * @throws WeightsError for tensors that are not the network's; DataError where the disk refuses; the signal's reason,
 *   before anything is written
 */
export async function writeCheckpoint(
  folder: string,
  facts: TrainingFacts,
  saved: readonly SavedWeights[] = [],
  work: WorkOptions = {},
): Promise<void> {
  const { signal, onProgress } = requireWork(work);
  requirePath('A checkpoint', folder);
  requireObject('What was trained', facts);
  const { sha256 } = await writeWeightFile(join(folder, WEIGHTS_FILE), facts.weights, facts.config, {
    labels: facts.labels,
    signal,
    onProgress,
  });
  await writeHistory(folder, facts, { file: WEIGHTS_FILE, sha256 }, saved);
}

/**
 * Writes weights that a callback keeps, under any name of weight files, and a history.json that names them.
 * @param before what was kept there already; the same name gives way
 * @returns all that is kept now
 * @throws as `writeCheckpoint`; UsageError for a name of no format, or one that has no place for the optimizer's state
 */
export async function writeSaved(
  folder: string,
  file: string,
  facts: TrainingFacts,
  optimizer: OptimizerState | null,
  before: readonly SavedWeights[],
): Promise<SavedWeights[]> {
  // Keras keeps an optimizer where it saves the whole model.
  const full = optimizer && { optimizer, ...(kindFor(file) === 'keras2' && { format: 'keras2-model' }) };
  const { sha256 } = await writeWeightFile(join(folder, file), facts.weights, facts.config, {
    labels: facts.labels,
    ...full,
  });
  const others = before.filter((one) => one.file !== file);
  const saved = [...others, { file, sha256, epoch: facts.training.epochs.length }];
  await writeHistory(folder, facts, { file, sha256 }, saved);
  return saved;
}

async function writeHistory(
  folder: string,
  { config, labels, preparation, normalisation, training }: TrainingFacts,
  weights: Pick<SavedWeights, 'file' | 'sha256'>,
  saved: readonly SavedWeights[],
): Promise<void> {
  const { size, seed, interpolation, scaling, augmentation = null, sampler = null } = preparation;
  const { augmentOn = 'cpu' } = preparation;
  const history = {
    schema: HISTORY_SCHEMA,
    written_by: 'chexgpu',
    // The bytes and not the name make the weights: copied or renamed they keep their history.
    weights,
    saved,
    network: config.name,
    config: layoutOf(config),
    bnEpsilon: config.bnEpsilon,
    inputChannels: config.inputChannels,
    activation: config.activation,
    labels,
    size,
    seed,
    interpolation,
    scaling,
    augmentation,
    augmentOn: augmentation && augmentOn,
    sampler,
    // Validation and test images are normalised so; whoever predicts with these weights should do the same.
    normalisation,
    // `loss` is Keras' name for the numbers.
    lossFunction: { name: training.loss.name, settings: training.loss.settings },
    optimizer: training.optimizer,
    callbacks: training.callbacks,
    layers: training.layers,
    batchSize: training.batchSize,
    // Before the first step, of a network that had learned already.
    start: training.start ? { val_loss: training.start.valLoss, test_auc: training.start.meanAuc } : null,
    loss: training.epochs.map((e) => e.loss),
    val_loss: training.epochs.map((e) => e.valLoss),
    val_auc: training.epochs.map((e) => e.valAuc),
    val_auc_classes: aucsByClass(training),
    lr: training.epochs.map((e) => e.learningRate),
    step_loss: training.stepLosses,
    stopped: training.stopped,
    weights_epoch: training.weightsEpoch,
  };
  await writeWhole(join(folder, HISTORY_FILE), `${JSON.stringify(history, null, 1)}\n`);
}

/** Per class the areas of the epochs. */
function aucsByClass({ epochs }: TrainingSummary): Record<string, (number | null)[]> {
  const names = [...new Set(epochs.flatMap(({ valAucs }) => Object.keys(valAucs)))];
  return Object.fromEntries(names.map((name) => [name, epochs.map(({ valAucs }) => valAucs[name] ?? null)]));
}
