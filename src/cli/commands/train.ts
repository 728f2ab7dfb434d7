/** `chexgpu train`: from CSVs to a checkpoint, by src/workflow/training. */
import { join } from 'node:path';
import { type DatasetSource, readDataset, requireData } from '../../workflow/data/dataset.node.js';
import { roomFor, trainingShape } from '../../workflow/memoryCheck.node.js';
import { Phases } from '../../workflow/phaseTimes.js';
import { DATA_PRESET, DATA_WORDS } from '../../workflow/training/presets.js';
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
import { augmentationOf } from '../flags/augmentationFlags.js';
import { callbacksOf, checkpointsOf } from '../flags/callbackFlags.js';
import { classWeightsOf } from '../flags/labelFlags.js';
import { lossOf } from '../flags/lossFlags.js';
import { optimizerOf } from '../flags/optimizerFlags.js';
import { scheduleOf } from '../flags/scheduleFlags.js';
import {
  addDataOptions,
  addFolderOptions,
  addTrainingOptions,
  type TrainingFlags,
} from '../flags/sharedFlags.js';
import { tensorBoardOf } from '../flags/tensorBoardFlags.js';
import { updatesOf } from '../flags/updateFlags.js';
import type { CommandContext } from '../session/commandContext.js';
import { withSession } from '../session/gpuSession.js';
import { trainingInputs } from '../session/namedInputs.js';
import { type FolderFlags, inRunFolder } from '../session/runFolder.js';

type TrainFlags = DatasetSource & TrainingFlags & FolderFlags & { refuseLeakage: boolean };

async function train(context: CommandContext, flags: TrainFlags): Promise<number> {
  const { out } = context;
  requireData(flags);
  const loss = lossOf(flags);
  const classWeights = classWeightsOf(flags, loss);
  const optimizer = optimizerOf(flags);
  const schedule = scheduleOf(flags);
  const updates = updatesOf(flags);
  const callbacks = callbacksOf(flags);
  const board = tensorBoardOf(flags);
  const inputs = await trainingInputs(flags);
  const needs = checkpointBytes(flags.network) * checkpointsOf(callbacks, flags.epochs);
  return inRunFolder(context, flags, { inputs, needs }, async (folder) => {
    const tensorBoard = board && (await tensorBoardJob(board, folder, inputs, context.publicCommandLine));
    const dataset = await readDataset(context, flags);
    const network = withMomentum(await startingNetwork(context, flags), flags.bnMomentum);
    const phases = new Phases();
    const admit = roomFor(network.config, 'train', trainingShape(flags, DATA_PRESET, dataset));
    const { training } = await withSession(context, { ...flags, pixels: flags, admit }, (session) => {
      const preset = DATA_PRESET[session.node.gpu.info.kind];
      const {
        node: { gpu },
        pool,
        pixels,
      } = session;
      const choices = {
        ...flags,
        augmentation: augmentationOf(flags),
        loss,
        classWeights,
        optimizer,
        schedule,
        updates,
        callbacks,
      };
      const what = { dataset, network, choices, preset, tensorBoard };
      return trainOn(context, { gpu, pool, pixels, phases, folder, ...what });
    });
    const files = [WEIGHTS_FILE, HISTORY_FILE].map((name) => join(folder.target, name));
    out.document({ command: 'train', folder: folder.target, files, training, timings: phases.list });
    return 0;
  });
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
    [
      'chexgpu train --data DIR --size 64 --batch-size 4 --steps-per-epoch 20',
      'small enough for a processor',
    ],
  ],
  flags: (command) => addFolderOptions(addTrainingOptions(addDataOptions(command), DATA_WORDS)),
  action: train,
});
