/** From CSVs to a trained network and its checkpoint: what `train` and `run` have in common. */
import type { DenseNet } from '../../densenet/model.js';
import type { FrequencySummary, TrainingSummary } from '../../eval/reportData.js';
import { augmentationOf, augmentationWords } from '../augmentationFlags.js';
import type { CommandContext } from '../context.js';
import type { TrainingFlags } from '../options.js';
import type { Phases } from '../phases.js';
import type { Session } from '../session.js';
import { checkLeakage, type Dataset, type Generators, makeGenerators, type Preparation } from './data.js';
import { writeCheckpoint } from './history.js';
import { createModel, type Network } from './network.js';
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
  folder: string;
}

export interface Trained {
  model: DenseNet;
  generators: Generators;
  frequencies: FrequencySummary;
  plan: TrainingPlan;
  preparation: Preparation;
  training: TrainingSummary;
}

/** Leakage, generators, frequencies, fit, checkpoint, in the notebook's order. */
export async function trainOn(context: CommandContext, job: TrainingJob): Promise<Trained> {
  const { session, dataset, network, flags, preset, phases } = job;
  const { seed, interpolation = 'nearest' } = flags;
  checkLeakage(context, dataset, flags.refuseLeakage);
  const { size, batchSize } = trainingPlan(flags, preset, 0);
  const augmentation = augmentationOf(flags);
  const preparation = { size, batchSize, seed, interpolation, augmentation };
  const generators = await phases.time('image statistics', null, () =>
    makeGenerators(context, session, dataset, preparation),
  );
  if (augmentation) context.out.say(`Augmenting training images: ${augmentationWords(augmentation)}`);
  const plan = trainingPlan(flags, preset, generators.train.length);
  const frequencies = sayFrequencies(context, dataset);
  context.out.say(`Network: ${network.config.name}, weights ${network.origin}`);
  const model = await createModel(context, session, network);
  const training = await trainNetwork(context, model, generators, frequencies, plan, phases);
  const { normalisation } = generators.test;
  await writeCheckpoint(job.folder, model, { preparation, normalisation, training });
  return { model, generators, frequencies, plan, preparation, training };
}
