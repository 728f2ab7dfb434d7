/** `chexgpu run`: the notebook's whole job. */
import { basename } from 'node:path';
import { Option } from 'commander';
import { plural } from '../../core/formatting.js';
import { LABELS } from '../../data/tables/labels.js';
import { PHANTOM_WEIGHTS } from '../../densenet/weights/publicFiles.js';
import { writeReport } from '../../eval/report/writeReport.node.js';
import {
  type Dataset,
  type DatasetSource,
  namesData,
  readDataset,
} from '../../workflow/data/dataset.node.js';
import { phantomDataset } from '../../workflow/data/phantoms.node.js';
import { roomFor, trainingShape } from '../../workflow/memoryCheck.node.js';
import { Phases } from '../../workflow/phaseTimes.js';
import { USUAL_SIZE } from '../../workflow/prediction/imagePreparation.js';
import { predictSplit, sayEvaluation, scorePredictions } from '../../workflow/results/evaluation.js';
import { readBoxes } from '../../workflow/results/explain.node.js';
import { judgeTraining } from '../../workflow/results/judgeTraining.node.js';
import { sampleImages } from '../../workflow/results/sampleImages.node.js';
import { saySummary, summaryOf } from '../../workflow/results/summary.node.js';
import { trainingReport } from '../../workflow/results/trainingReport.js';
import {
  PHANTOM_PRESET,
  type PhantomPreset,
  RUN_WORDS,
  TUNING_PRESET,
  TUNING_SHARE,
} from '../../workflow/training/phantomPresets.js';
import { DATA_PRESET, presetsFor } from '../../workflow/training/presets.js';
import { tensorBoardJob } from '../../workflow/training/tensorBoard.node.js';
import { type TrainingJob, trainOn } from '../../workflow/training/trainToCheckpoint.node.js';
import {
  checkpointBytes,
  startingNetwork,
  withMomentum,
} from '../../workflow/weights/startingNetwork.node.js';
import { define } from '../defineCommand.js';
import { checkpointsOf } from '../flags/callbackFlags.js';
import { withNetworkFile } from '../flags/networkFlags.js';
import { usualRate } from '../flags/optimizerFlags.js';
import {
  addDataOptions,
  addFolderOptions,
  addTrainingOptions,
  option,
  type ScoreFlag,
  type TrainingFlags,
  wholeNumber,
} from '../flags/sharedFlags.js';
import { tensorBoardOf } from '../flags/tensorBoardFlags.js';
import { choicesOf } from '../flags/trainingChoices.js';
import type { CommandContext } from '../session/commandContext.js';
import { withSession } from '../session/gpuSession.js';
import { trainingInputs } from '../session/namedInputs.js';
import { type FolderFlags, inRunFolder } from '../session/runFolder.js';
import { runInfo } from '../session/runInfo.js';
import { Problems } from '../terminal/lateFailures.js';

type RunFlags = DatasetSource &
  TrainingFlags &
  FolderFlags &
  ScoreFlag & { refuseLeakage: boolean; phantoms?: number; fromScratch: boolean };

const PHANTOM_FOLDER = 'phantoms';

/** Room for the report's pages and pictures. */
const REPORT_BYTES = 6e6;

async function run(context: CommandContext, typed: RunFlags): Promise<number> {
  const { out } = context;
  const startedAt = new Date();
  let flags = await withNetworkFile(typed);
  const isTuning = fromOwnNetwork(flags);
  if (isTuning) {
    const { learningRate = TUNING_SHARE * usualRate(flags) } = flags;
    flags = { ...flags, weights: PHANTOM_WEIGHTS, learningRate };
  }
  const choices = choicesOf(flags);
  const board = tensorBoardOf(flags);
  const inputs = await trainingInputs(flags);
  const needs =
    (await checkpointBytes(flags)) * checkpointsOf(choices.callbacks ?? {}, flags.epochs) + REPORT_BYTES;
  const problems = new Problems(context);
  const summary = await inRunFolder(context, flags, { inputs, needs, now: startedAt }, async (folder) => {
    // Read before the GPU is opened, so that bad input ends the run at once.
    const tensorBoard =
      board && (await tensorBoardJob(board, { run: folder, inputs }, context.publicCommandLine));
    const phases = new Phases();
    const given = namesData(flags)
      ? await phases.time('reading tables', null, () => readDataset(context, flags))
      : null;
    const boxes = given ? await readBoxes(given) : null;
    const starting = await startingNetwork(context, flags);
    const { target } = folder;
    const phantomPresets = isTuning ? tuningPresets(starting.size) : PHANTOM_PRESET;
    const presets = presetsFor(starting.config, given ? DATA_PRESET : phantomPresets);
    const admit = roomFor(starting.config, 'train', trainingShape(flags, presets, given));
    return withSession(context, { ...flags, pixels: flags, admit }, async (session) => {
      const { node, pool, pixels } = session;
      const { kind } = node.gpu.info;
      const preset = presets[kind];
      const momentum = flags.bnMomentum ?? (given ? undefined : phantomPresets[kind].bnMomentum);
      const network = withMomentum(starting, momentum);
      const dataset =
        given ?? (await phantoms(context, flags, folder.aside(PHANTOM_FOLDER), phantomPresets[kind], phases));
      const scoreBefore = isTuning ? (...of: Trainee) => scoreStart(context, phases, ...of) : undefined;
      const what = { dataset, network, choices, preset, tensorBoard, scoreBefore };
      const job = { gpu: node.gpu, pool, pixels, phases, folder, ...what };
      const trained = await trainOn(context, job);
      // From here on the training is safe: what fails costs its own part.
      const { score } = flags;
      const done = { pool, dataset, trained, score, boxes, folder };
      const judged = await judgeTraining(context, done, phases, problems);
      const samples = await problems.attempt('Samples', () =>
        sampleImages(pool, dataset.train, dataset.images, trained.preparation),
      );
      const data = trainingReport(
        { dataset, isPhantom: given === null, network, trained, score },
        runInfo(context, node, { name: basename(target), seed: flags.seed, startedAt }),
        { ...judged, samples: samples ?? [], timings: phases.list, problems: problems.list },
      );
      await problems.attempt('Report', async () => {
        if (!given) await folder.include(PHANTOM_FOLDER);
        await folder.publish();
        await writeReport(folder.staged, data);
        await folder.publish();
      });
      return summaryOf(data, target);
    });
  });
  saySummary(context, summary);
  out.document({ command: 'run', ...summary });
  return problems.exitCode;
}

/** Whether the run begins with the package's own network: on phantoms, unless something else is asked for. */
function fromOwnNetwork({ fromScratch, weights, network, head, labels, ...flags }: RunFlags): boolean {
  if (fromScratch || weights !== undefined || namesData(flags)) return false;
  // A head that is new has everything to learn.
  if (head !== undefined || (labels && labels.join() !== LABELS.join())) return false;
  return network === undefined || network === 'densenet121';
}

function tuningPresets(size: number | null): Record<'hardware' | 'software', PhantomPreset> {
  const sized = (preset: Omit<PhantomPreset, 'size'>) => ({ ...preset, size: size ?? USUAL_SIZE });
  return { hardware: sized(TUNING_PRESET.hardware), software: sized(TUNING_PRESET.software) };
}

type Trainee = Parameters<NonNullable<TrainingJob['scoreBefore']>>;

/** What the network knows before the fine-tuning, on the test images. @returns the mean AUC */
async function scoreStart(context: CommandContext, phases: Phases, ...[model, { test }]: Trainee) {
  const table = await phases.time('prediction before', test.samples, () =>
    predictSplit(context, model, test),
  );
  const result = scorePredictions(context, table);
  context.out.say(`Before the fine-tuning, on ${plural(test.samples, 'test image')}:`);
  sayEvaluation(context, result);
  return result.meanAuc;
}

/** The run's own data, drawn into `out`. */
async function phantoms(
  context: CommandContext,
  { phantoms: count, size, seed, limit, labels }: RunFlags,
  out: string,
  preset: PhantomPreset,
  phases: Phases,
): Promise<Dataset> {
  const images = count ?? preset.images;
  const drawn = { out, images, size: Math.max(64, size ?? preset.size), seed };
  return phases.time('drawing phantoms', images, () =>
    phantomDataset(context, drawn, PHANTOM_FOLDER, { limit, labels }),
  );
}

export const runCommand = define<RunFlags>({
  name: 'run',
  description:
    'The whole job: leakage check, class weights, training, predictions, ROC and AUC, Grad-CAM, report.html. ' +
    'On your X-rays with --data, otherwise on synthetic ones that it draws.',
  examples: [
    ['chexgpu run', 'on phantoms, into runs/<date and time>'],
    ['chexgpu run --data DIR --name first', 'DIR holds train.csv, valid.csv, test.csv and images/'],
    [
      'chexgpu run --data DIR --weights pretrained_model.h5 --learning-rate 1e-5 --size 320',
      'goes on from weights/pretrained_model.h5',
    ],
    ['chexgpu run --train-csv a.csv --valid-csv b.csv --test-csv c.csv --images DIR', 'files anywhere'],
  ],
  flags: (command) =>
    addFolderOptions(addTrainingOptions(addDataOptions(command), RUN_WORDS))
      .addOption(option.score().default('sigmoid', 'sigmoid'))
      .addOption(
        new Option(
          '--from-scratch',
          "on phantoms: begin with random weights, not with the package's own network, " +
            `which is fine-tuned at ${TUNING_SHARE} of the usual learning rate`,
        )
          .default(false, 'false')
          .conflicts('weights'),
      )
      .option(
        '--phantoms <n>',
        'synthetic X-rays to draw when there is no --data (default: 400, in software 100)',
        wholeNumber(3),
      ),
  action: run,
});
