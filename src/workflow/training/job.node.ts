/** From CSVs to a trained network and its checkpoint: what `train` and `run` have in common. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { augmentationOf, augmentationWords } from '../../cli/flags/augmentationFlags.js';
import type { TrainingFlags } from '../../cli/flags/options.js';
import type { CommandContext } from '../../cli/session/context.js';
import type { RunFolder } from '../../cli/session/runFolder.js';
import type { Session } from '../../cli/session/session.js';
import { shown } from '../../cli/terminal/output.js';
import type { DenseNet } from '../../densenet/densenet.js';
import type { FrequencySummary, TrainingSummary } from '../../eval/report/reportData.js';
import type { WeightMap } from '../../training/parameterSpec.js';
import {
  checkLeakage,
  type Dataset,
  type Generators,
  makeGenerators,
  type Preparation,
} from '../data/dataset.node.js';
import { constantImages, imagesOf, inspectImages } from '../data/inspectImages.node.js';
import type { Phases } from '../phases.js';
import { type TrainingFacts, writeCheckpoint } from '../weights/checkpoint.node.js';
import { HISTORY_FILE } from '../weights/history.node.js';
import { createModel, type Network, WEIGHTS_FILE } from '../weights/network.node.js';
import { type Preset, type TrainingPlan, trainingPlan } from './presets.js';
import { sayFrequencies, trainNetwork } from './training.js';

export interface TrainingJob {
  session: Session;
  dataset: Dataset;
  network: Network;
  flags: TrainingFlags & { refuseLeakage: boolean };
  preset: Preset;
  phases: Phases;
  /** Gets the checkpoint. */
  folder: RunFolder;
}

export interface Trained {
  model: DenseNet;
  generators: Generators;
  frequencies: FrequencySummary;
  plan: TrainingPlan;
  preparation: Preparation;
  training: TrainingSummary;
  /** Names of films of one single value; empty with --no-check. */
  constant: ReadonlySet<string>;
}

/**
 * Puts the checkpoint into the run's folder. Where the disk refuses, a training must not be lost: then it goes to
 * the system's temporary folder, and the refusal is thrown all the same.
 */
async function publishCheckpoint(
  { out }: CommandContext,
  folder: RunFolder,
  facts: TrainingFacts,
): Promise<void> {
  try {
    await writeCheckpoint(folder.staged, facts);
    await folder.publish();
  } catch (error) {
    const refuge = await mkdtemp(join(tmpdir(), 'chexgpu-checkpoint-'));
    await writeCheckpoint(refuge, facts);
    out.warn(`${shown(folder.target)} cannot be written: the weights are in ${join(refuge, WEIGHTS_FILE)}.`);
    throw error;
  }
  const files = [WEIGHTS_FILE, HISTORY_FILE].map((name) => shown(join(folder.target, name)));
  out.say(`Saved ${files.join(' and ')}`);
}

/**
 * Leakage, images, generators, frequencies, fit, checkpoint, in the notebook's order. The checkpoint is published as
 * soon as it is whole; a training that is interrupted or fails leaves that of its last whole epoch.
 */
export async function trainOn(context: CommandContext, job: TrainingJob): Promise<Trained> {
  const { session, dataset, network, flags, preset, phases, folder } = job;
  const { seed, interpolation = 'nearest', scaling = 'keras' } = flags;
  checkLeakage(context, dataset, flags.refuseLeakage);
  const constant = await phases.time('checking images', null, () => checkedImages(context, job));
  const { size, batchSize } = trainingPlan(flags, preset, 0);
  const augmentation = augmentationOf(flags);
  const preparation = { size, batchSize, seed, interpolation, scaling, augmentation };
  const generators = await phases.time('image statistics', null, () =>
    makeGenerators(context, session, dataset, preparation),
  );
  if (augmentation) context.out.say(`Augmenting training images: ${augmentationWords(augmentation)}`);
  const plan = trainingPlan(flags, preset, generators.train.length);
  const frequencies = sayFrequencies(context, dataset);
  context.out.say(`Network: ${network.config.name}, weights ${network.origin}`);
  session.pixels.say();
  const model = await createModel(context, session, network);
  const { normalisation } = generators.test;
  const facts = (weights: WeightMap, training: TrainingSummary): TrainingFacts => ({
    config: model.config,
    weights,
    preparation,
    normalisation,
    training,
  });
  let whole: TrainingFacts | null = null;
  let training: TrainingSummary;
  try {
    training = await trainNetwork(context, model, generators, frequencies, plan, phases, async (soFar) => {
      whole = facts(await model.exportWeights(), soFar);
    });
  } catch (error) {
    if (whole) await saveLastEpoch(context, folder, whole, plan.epochs);
    throw error;
  }
  await publishCheckpoint(context, folder, whole ?? facts(await model.exportWeights(), training));
  return { model, generators, frequencies, plan, preparation, training, constant };
}

/** @throws DataError naming images that cannot be decoded, unless --no-check */
async function checkedImages(context: CommandContext, { session, dataset, flags }: TrainingJob) {
  if (!flags.check) return new Set<string>();
  return constantImages(await inspectImages(context, session.pool, imagesOf(dataset), dataset.images));
}

async function saveLastEpoch(
  context: CommandContext,
  folder: RunFolder,
  facts: TrainingFacts,
  epochs: number,
): Promise<void> {
  context.out.endProgress();
  const done = facts.training.epochs.length;
  await publishCheckpoint(context, folder, facts)
    .then(() =>
      context.out.warn(`The training ended early: these are the weights after epoch ${done} of ${epochs}.`),
    )
    .catch((error: Error) => context.out.warn(error.message));
}
