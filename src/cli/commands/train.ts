/** `chexgpu train`: from CSVs to a checkpoint, by src/workflow/training. */
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { UsageError } from '../../core/errors.js';
import { duration } from '../../core/formatting.js';
import type { Checkpoint } from '../../training/checkpoint.js';
import { type DatasetSource, readDataset, requireData } from '../../workflow/data/dataset.node.js';
import { roomFor, trainingShape } from '../../workflow/memoryCheck.node.js';
import { Phases, sayPhases } from '../../workflow/phaseTimes.js';
import { DATA_PRESET, DATA_WORDS, presetsFor } from '../../workflow/training/presets.js';
import { tensorBoardJob } from '../../workflow/training/tensorBoard.node.js';
import { trainOn } from '../../workflow/training/trainToCheckpoint.node.js';
import { WEIGHTS_FILE } from '../../workflow/weights/checkpoint.node.js';
import { HISTORY_FILE } from '../../workflow/weights/history.node.js';
import {
  checkpointBytes,
  startingNetwork,
  withMomentum,
} from '../../workflow/weights/startingNetwork.node.js';
import { define } from '../defineCommand.js';
import { checkpointsOf } from '../flags/callbackFlags.js';
import { checkNetworkFile, withNetworkFile } from '../flags/networkFlags.js';
import { addResumeOptions, PLACES, type ResumeFlags, resumedFlags } from '../flags/resumeFlags.js';
import {
  addDataOptions,
  addFolderOptions,
  addTrainingOptions,
  option,
  type TrainingFlags,
} from '../flags/sharedFlags.js';
import { tensorBoardOf } from '../flags/tensorBoardFlags.js';
import { choicesOf } from '../flags/trainingChoices.js';
import type { CommandContext } from '../session/commandContext.js';
import { withSession } from '../session/gpuSession.js';
import { trainingInputs } from '../session/namedInputs.js';
import { type ResumedRun, resumedRun } from '../session/resumedRun.js';
import { type FolderFlags, inRunFolder } from '../session/runFolder.js';
import { adapterOf } from '../session/runInfo.js';
import { chexgpuVersion } from '../session/versions.js';

type TrainFlags = DatasetSource & TrainingFlags & FolderFlags & ResumeFlags & { refuseLeakage: boolean };

const addFlags = (command: Command): Command =>
  addResumeOptions(addFolderOptions(addTrainingOptions(addDataOptions(command), DATA_WORDS)));

async function train(
  context: CommandContext,
  typed: TrainFlags,
  _: readonly string[],
  given: readonly string[],
): Promise<number> {
  const { out } = context;
  const resumed = typed.resume === undefined ? null : await resumedRun(typed.resume);
  const { flags, argv, cwd } = resumed
    ? await goingOn(resumed, typed, given)
    : { flags: await withNetworkFile(typed), argv: context.argv, cwd: process.cwd() };
  requireData(flags);
  const choices = choicesOf(flags);
  const board = tensorBoardOf(flags);
  const inputs = await trainingInputs(flags);
  const needs = (await checkpointBytes(flags)) * checkpointsOf(choices.callbacks ?? {}, flags.epochs);
  context.waitForSaving();
  const where = { inputs, needs, goesOnIn: resumed?.target };
  return inRunFolder(context, flags, where, async (folder) => {
    const events = { run: folder, inputs, cwd, goesOn: resumed !== null };
    const tensorBoard = board && (await tensorBoardJob(board, events, context.publicCommandLine));
    const phases = new Phases();
    const dataset = await phases.time('reading tables', null, () => readDataset(context, flags));
    const network = resumed
      ? { config: resumed.config, weights: resumed.checkpoint.weights, origin: resumed.file, size: null }
      : withMomentum(await startingNetwork(context, flags), flags.bnMomentum);
    const presets = presetsFor(network.config, DATA_PRESET);
    const admit = roomFor(network.config, 'train', trainingShape(flags, presets, dataset));
    const { training } = await withSession(context, { ...flags, pixels: flags, admit }, (session) => {
      const preset = presets[session.node.gpu.info.kind];
      const {
        node: { gpu },
        pool,
        pixels,
      } = session;
      const facts = { argv, cwd, version: chexgpuVersion(), adapter: adapterOf(session.node) };
      const checkpoints = {
        everySteps: flags.checkpointEvery,
        facts,
        resumed: resumed ?? undefined,
      };
      const what = { dataset, network, choices, preset, tensorBoard, checkpoints };
      return trainOn(context, { gpu, pool, pixels, phases, folder, ...what });
    });
    const files = [WEIGHTS_FILE, HISTORY_FILE].map((name) => join(folder.target, name));
    const { list: timings, firstBatch } = phases;
    sayPhases(out, timings);
    if (firstBatch !== null) out.say(`First batch ${duration(firstBatch)} after the start`);
    out.document({ command: 'train', folder: folder.target, files, training, timings, firstBatch });
    return 0;
  });
}

/** The command of a run, with what was typed now and may change; relative places are seen from where it began. */
async function goingOn(
  { about, checkpoint, config, file }: ResumedRun,
  typed: TrainFlags,
  given: readonly string[],
) {
  const here = { ...typed };
  for (const place of PLACES) {
    if (given.includes(place)) here[place] = resolve(here[place]!);
  }
  const { flags, argv } = resumedFlags(about.argv, here, given, (command) =>
    addFlags(command).addOption(option.json()),
  );
  for (const place of PLACES) {
    if (flags[place] !== undefined) flags[place] = resolve(about.cwd, flags[place]);
  }
  checkEpochs(flags, checkpoint.training, file, given);
  if (flags.config !== undefined) await checkNetworkFile(resolve(about.cwd, flags.config), config, file);
  // The checkpoint has them all.
  const said = Object.entries(flags).filter(([, value]) => value !== undefined);
  const all: TrainFlags = { ...about.plan, ...(Object.fromEntries(said) as unknown as TrainFlags) };
  return { flags: { ...all, weights: undefined, network: config, config: undefined }, argv, cwd: about.cwd };
}

/** @throws UsageError for epochs that a training does not go on to */
function checkEpochs(
  { epochs, schedule }: TrainFlags,
  { epoch, stopReason }: Checkpoint['training'],
  file: string,
  given: readonly string[],
): void {
  if (epochs === undefined || !given.includes('epochs')) return;
  if (stopReason !== null) {
    throw new UsageError(
      `--epochs is ${epochs}, and the training of ${file} was ended: ${stopReason}.`,
      'Leave it out; or begin another training from its weights, with --weights.',
    );
  }
  if (epochs < epoch) {
    throw new UsageError(`--epochs is ${epochs}; ${file} has had ${epoch}.`, 'Give as many, or more.');
  }
  if (schedule === undefined) return;
  throw new UsageError(
    '--epochs changes the learning rates of --schedule, which spans all epochs: those so far would be other ones.',
    'Leave it out; or begin another training from its weights, with --weights.',
  );
}

export const trainCommand = define<TrainFlags>({
  name: 'train',
  description: 'Trains on a folder of X-rays and saves weights.h5 (as Keras does) and history.json.',
  examples: [
    ['chexgpu train --data DIR --epochs 3', 'from the beginning, into runs/<date and time>'],
    [
      'chexgpu train --data DIR --weights densenet.hdf5 --name tuned --learning-rate 1e-4',
      'from the weights in weights/densenet.hdf5, into runs/tuned',
    ],
    ['chexgpu train --resume tuned', 'goes on with runs/tuned where it was stopped, also by Ctrl-C'],
    [
      'chexgpu train --data DIR --size 64 --batch-size 4 --steps-per-epoch 20',
      'small enough for a processor',
    ],
  ],
  flags: addFlags,
  action: train,
});
