/** From CSVs to a trained network and its checkpoint: what `train` and `run` have in common. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { whole as wholeNumber } from '../../core/formatting.js';
import { shownPath } from '../../core/outputs/shownPath.node.js';
import { writeWhole } from '../../core/writeFile.node.js';
import type { ImageSize } from '../../data/images/decodeJobs.node.js';
import type { DecodePool } from '../../data/images/decodePool.node.js';
import type { DenseNet } from '../../densenet/densenet.js';
import { densenetNetwork } from '../../densenet/network.js';
import { networkWords } from '../../densenet/weights/layout.js';
import type { Gpu } from '../../engine/device/gpu.js';
import { frequencySummary } from '../../eval/report/dataSummary.js';
import type { FrequencySummary, TrainingSummary } from '../../eval/report/reportData.js';
import { describeLayers } from '../../training/layers/layerSettings.js';
import type { WeightMap } from '../../training/parameterSpec.js';
import { createModel } from '../createModel.js';
import { augmentationWords } from '../data/augmentationWords.js';
import { checkLeakage } from '../data/checkLeakage.js';
import {
  type Dataset,
  type Generators,
  makeGenerators,
  type Preparation,
  SAMPLER_WORDS,
} from '../data/dataset.node.js';
import { constantImages, imagesOf, inspectImages } from '../data/inspectImages.node.js';
import type { Phases } from '../phaseTimes.js';
import type { PixelWarnings } from '../prediction/pixelWarnings.js';
import type { WorkContext } from '../reporter.js';
import {
  type SavedWeights,
  type TrainingFacts,
  WEIGHTS_FILE,
  writeCheckpoint,
  writeSaved,
} from '../weights/checkpoint.node.js';
import { HISTORY_FILE } from '../weights/history.node.js';
import type { StartingNetwork } from '../weights/startingNetwork.node.js';
import { checkCallbackChoices } from './callbackChoices.js';
import { type CheckpointJob, Checkpoints } from './checkpoints.node.js';
import { hyperparametersOf } from './hyperparameters.js';
import { type Preset, type TrainingChoices, type TrainingPlan, trainingPlan } from './presets.js';
import { type Board, boardOf, sayBoard, type TensorBoardJob } from './tensorBoard.node.js';
import { lossFor, sayFrequencies, type TrainingFiles, trainNetwork } from './trainNetwork.js';

/** From so many on it takes minutes to decode them. */
const MANY_IMAGES = 10_000;

/** A folder that results are made beside and then put into. */
export interface CheckpointFolder {
  /** As the user knows it. */
  readonly target: string;
  /** Where files are made before they are published. */
  readonly staged: string;
  /** Puts into place what is staged; a warning where a name was taken. */
  publish(): Promise<void>;
}

export interface TrainingJob {
  gpu: Gpu;
  pool: DecodePool;
  pixels: PixelWarnings;
  dataset: Dataset;
  network: StartingNetwork;
  choices: TrainingChoices;
  preset: Preset;
  phases: Phases;
  /** Gets the checkpoint. */
  folder: CheckpointFolder;
  /** What of it TensorBoard is to show; left out, nothing. */
  tensorBoard?: TensorBoardJob;
  /** Called with the network before the first step; what it gives is the mean test AUC of then. */
  scoreBefore?: (model: DenseNet, generators: Generators) => Promise<number | null>;
  /** Left out, there is nothing to go on from. */
  checkpoints?: CheckpointJob;
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
  { out }: WorkContext,
  folder: CheckpointFolder,
  facts: TrainingFacts,
  saved: readonly SavedWeights[],
): Promise<void> {
  try {
    await writeCheckpoint(folder.staged, facts, saved);
    await folder.publish();
  } catch (error) {
    const refuge = await mkdtemp(join(tmpdir(), 'chexgpu-checkpoint-'));
    await writeCheckpoint(refuge, facts);
    out.warn(
      `${shownPath(folder.target)} cannot be written: the weights are in ${join(refuge, WEIGHTS_FILE)}.`,
    );
    throw error;
  }
  const files = [WEIGHTS_FILE, HISTORY_FILE].map((name) => shownPath(join(folder.target, name)));
  out.say(`Saved ${files.join(' and ')}`);
}

/**
 * Leakage, images, generators, frequencies, fit, checkpoint, in the notebook's order. The checkpoint is published as
 * soon as it is whole; a training that is interrupted or fails leaves that of its last whole epoch.
 */
export async function trainOn(context: WorkContext, job: TrainingJob): Promise<Trained> {
  const { gpu, pool, pixels, dataset, network, choices, preset, phases, folder } = job;
  const { seed, interpolation = 'nearest', scaling = 'keras', augmentation, augmentOn, sampler } = choices;
  const learning = describeLayers(densenetNetwork(network.config), choices.layers);
  const plan = trainingPlan(choices, preset, dataset.train.images.length);
  checkCallbackChoices(choices.callbacks ?? {}, dataset.valid, plan.epochs);
  const frequencies = frequencySummary('train', dataset.train, choices.classWeights);
  checkLeakage(context, dataset, choices.refuseLeakage);
  const checkpoints = job.checkpoints && (await Checkpoints.of(context, job.checkpoints, folder, dataset));
  const { size, batchSize } = plan;
  const next = { width: size, height: size, interpolation };
  const constant = await phases.time('checking images', null, () => checkedImages(context, job, next));
  const images = { interpolation, scaling, augmentation, augmentOn, sampler };
  const preparation = { size, batchSize, seed, ...images };
  const inputChannels = network.config.inputChannels === 1 ? 1 : 3;
  const generators = await phases.time('image statistics', null, () =>
    makeGenerators(context, pool, dataset, { ...preparation, inputChannels }),
  );
  if (augmentation) {
    context.out.say(`Augmenting training images: ${augmentationWords(augmentation, augmentOn)}`);
  }
  if (sampler) context.out.say(`Sampler: ${SAMPLER_WORDS[sampler]}`);
  const loss = lossFor(choices.loss, frequencies, dataset);
  sayFrequencies(context, frequencies, loss);
  if (sampler && frequencies.evensSides && choices.loss.kind.weighsClasses) {
    context.out.warn(
      'Rare findings are drawn more often and weighted up as well; `classWeights: none` leaves one of the two.',
    );
  }
  context.out.say(`Network: ${networkWords(network.config)}, weights ${network.origin}`);
  for (const line of learning) context.out.say(line);
  pixels.say();
  const model = await createModel(context, gpu, network);
  const startMeanAuc = (await job.scoreBefore?.(model, generators)) ?? null;
  const { normalisation } = generators.test;
  const facts = (weights: WeightMap, training: TrainingSummary): TrainingFacts => ({
    config: model.config,
    labels: dataset.train.classes,
    weights,
    preparation,
    normalisation,
    training,
  });
  let whole: TrainingFacts | null = null;
  let saved: SavedWeights[] = [...(checkpoints?.saved ?? [])];
  const prepared = { config: model.config, preparation, plan, normalisation, labels: dataset.train.classes };
  const board = boardFor(context, job, { model, generators, plan, preparation, constant });
  const files: TrainingFiles = {
    board,
    checkpoints: checkpoints?.keeping(prepared, () => saved),
    epochEnded: async (soFar) => {
      whole = facts(await model.exportWeights(), soFar);
    },
    keepWeights: async (name, { weights, optimizer }, soFar) => {
      saved = await writeSaved(folder.staged, name, facts(weights, soFar), optimizer, saved);
      await folder.publish();
    },
    keepText: async (name, text) => {
      await writeWhole(join(folder.staged, name), text);
      await folder.publish();
    },
  };
  let training: TrainingSummary;
  try {
    training = await trainNetwork(context, model, generators, loss, plan, phases, files);
    if (board) sayBoard(context, board, phases);
    if (training.start) training.start.meanAuc = startMeanAuc;
    // Again, as those of the best epoch may have come back.
    whole = facts(await model.exportWeights(), training);
  } catch (error) {
    // One that was interrupted may go on.
    if (!context.signal.aborted) await board?.callback.end('failure');
    if (whole) await saveLastEpoch(context, folder, whole, saved, plan.epochs);
    checkpoints?.sayHowToGoOn(error);
    throw error;
  } finally {
    await job.tensorBoard?.events.close();
  }
  await publishCheckpoint(context, folder, whole, saved);
  sayCacheUse(context, pool);
  return { model, generators, frequencies, plan, preparation, training, constant };
}

function boardFor(
  context: WorkContext,
  { tensorBoard, choices, network, pool, dataset }: TrainingJob,
  { model, generators, plan, preparation, constant }: Omit<Trained, 'frequencies' | 'training'>,
): Board | undefined {
  if (!tensorBoard) return undefined;
  const { interpolation, scaling, seed, augmentation } = preparation;
  const hyperparameters = {
    ...hyperparametersOf({
      ...plan,
      callbacks: plan.callbacks?.chosen,
      loss: choices.loss,
      seed,
      augmentation,
    }),
    network: network.config.name,
    interpolation,
    scaling,
  };
  const frame = generators.valid?.frame;
  const source = frame && { model, pool, frame, images: dataset.images, preparation, constant };
  return boardOf(context, tensorBoard, hyperparameters, source ?? null);
}

/** @throws DataError naming images that cannot be decoded, unless --no-check */
async function checkedImages(
  context: WorkContext,
  { pool, dataset, choices }: TrainingJob,
  next: ImageSize,
): Promise<Set<string>> {
  if (!choices.check) return new Set();
  const names = imagesOf(dataset);
  if (names.length > MANY_IMAGES) {
    context.out.say(
      `Decoding ${wholeNumber(names.length)} images before the first step; \`check: false\` begins at once`,
    );
  }
  return constantImages(await inspectImages(context, pool, names, dataset.images, next));
}

/** What the cache of resized images was good for. */
function sayCacheUse({ out }: WorkContext, { cacheUses: { read, added } }: DecodePool): void {
  if (read + added === 0) return;
  out.say(
    `Cache of resized images: read ${wholeNumber(read)} times, ${wholeNumber(added)} added; \`imageCache: 0\` for none`,
  );
}

async function saveLastEpoch(
  context: WorkContext,
  folder: CheckpointFolder,
  facts: TrainingFacts,
  saved: readonly SavedWeights[],
  epochs: number,
): Promise<void> {
  context.out.endProgress();
  const done = facts.training.epochs.length;
  await publishCheckpoint(context, folder, facts, saved)
    .then(() =>
      context.out.warn(`The training ended early: these are the weights after epoch ${done} of ${epochs}.`),
    )
    .catch((error: Error) => context.out.warn(error.message));
}
