/** `chexgpu run`: the notebook's whole job. */
import { basename, join } from 'node:path';
import type { Frame } from '../../data/tables/frame.js';
import { dataSummary } from '../../eval/report/dataSummary.js';
import { modelSummary } from '../../eval/report/modelSummary.js';
import type { GradcamRow, ReportData } from '../../eval/report/reportData.js';
import { writeReport } from '../../eval/report/writeReport.node.js';
import type { EvaluationResult } from '../../eval/scores/evaluate.js';
import { writePredictionsCsv } from '../../eval/scores/predictionsCsv.node.js';
import type { CamScore } from '../../training/model/predictor.js';
import { describeOptimizer } from '../../training/optimizers/optimizer.js';
import { augmentationWords } from '../../workflow/data/augmentationWords.js';
import {
  type Dataset,
  type DatasetSource,
  namesData,
  readDataset,
} from '../../workflow/data/dataset.node.js';
import { roomFor, trainingShape } from '../../workflow/memoryCheck.node.js';
import { Phases } from '../../workflow/phases.js';
import { COURSE_OUTPUTS } from '../../workflow/prediction/outputs.js';
import { predictSplit, sayEvaluation, scorePredictions } from '../../workflow/results/evaluation.js';
import { type BoxesByImage, chooseCases, explain, readBoxes } from '../../workflow/results/explain.node.js';
import { sampleImages } from '../../workflow/results/sampleImages.node.js';
import { saySummary, summaryOf } from '../../workflow/results/summary.node.js';
import { type Trained, trainOn } from '../../workflow/training/job.node.js';
import { DATA_PRESET, PHANTOM_PRESET, RUN_WORDS } from '../../workflow/training/presets.js';
import {
  checkpointBytes,
  startingNetwork,
  withMomentum,
} from '../../workflow/weights/startingNetwork.node.js';
import { augmentationOf } from '../flags/augmentationFlags.js';
import { lossOf } from '../flags/lossFlags.js';
import { optimizerOf } from '../flags/optimizerFlags.js';
import {
  addDataOptions,
  addFolderOptions,
  addTrainingOptions,
  option,
  type ScoreFlag,
  type TrainingFlags,
  wholeNumber,
} from '../flags/sharedFlags.js';
import type { CommandContext } from '../session/commandContext.js';
import { type Session, withSession } from '../session/gpuSession.js';
import { trainingInputs } from '../session/namedInputs.js';
import { type FolderFlags, inRunFolder, type RunFolder } from '../session/runFolder.js';
import { runInfo } from '../session/runInfo.js';
import { Problems } from '../terminal/lateFailures.js';
import { define } from './define.js';
import { drawPhantoms } from './phantoms.js';

type RunFlags = DatasetSource &
  TrainingFlags &
  FolderFlags &
  ScoreFlag & { refuseLeakage: boolean; phantoms?: number };

const PREDICTIONS_FILE = 'predictions.csv';
const PHANTOM_FOLDER = 'phantoms';

/** Room for the report's pages and pictures. */
const REPORT_BYTES = 6e6;

async function run(context: CommandContext, flags: RunFlags): Promise<number> {
  const { out } = context;
  const startedAt = new Date();
  const loss = lossOf(flags);
  const optimizer = optimizerOf(flags);
  const inputs = await trainingInputs(flags);
  const needs = checkpointBytes(flags.network) + REPORT_BYTES;
  const problems = new Problems(context);
  const summary = await inRunFolder(context, flags, { inputs, needs, now: startedAt }, async (folder) => {
    // Read before the GPU is opened, so that bad input ends the run at once.
    const given = namesData(flags) ? await readDataset(context, flags) : null;
    const boxes = given ? await readBoxes(given) : null;
    const starting = await startingNetwork(context, flags);
    const { target } = folder;
    const presets = given ? DATA_PRESET : PHANTOM_PRESET;
    const admit = roomFor(starting.config, 'train', trainingShape(flags, presets, given));
    return withSession(context, { ...flags, pixels: flags, admit }, async (session) => {
      const { kind } = session.node.gpu.info;
      const preset = presets[kind];
      const momentum = flags.bnMomentum ?? (given ? undefined : PHANTOM_PRESET[kind].bnMomentum);
      const network = withMomentum(starting, momentum);
      const phases = new Phases();
      const drawn = () => phantoms(context, flags, folder.aside(PHANTOM_FOLDER), session, phases);
      const dataset = given ?? (await drawn());
      const { pool, pixels } = session;
      const choices = { ...flags, augmentation: augmentationOf(flags), loss, optimizer };
      const job = { gpu: session.node.gpu, pool, pixels, dataset, network, choices, preset, phases, folder };
      const trained = await trainOn(context, job);
      // From here on the training is safe: what fails costs its own part.
      const run = { session, dataset, trained, score: flags.score, boxes, folder };
      const { evaluation, gradcam } = await judge(context, run, phases, problems);
      const { frequencies, plan, preparation, training } = trained;
      const samples = await problems.attempt('Samples', () =>
        sampleImages(pool, dataset.train, dataset.images, preparation),
      );
      const data: ReportData = {
        title: given ? `Chest X-rays in ${dataset.source}` : 'Synthetic chest X-rays (phantoms)',
        run: runInfo(context, session.node, {
          name: basename(target),
          seed: flags.seed,
          startedAt,
          settings: {
            'image size': `${plan.size} px`,
            interpolation: preparation.interpolation,
            'pixel scaling': preparation.scaling,
            augmentation: augmentationWords(preparation.augmentation),
            'batch size': String(plan.batchSize),
            'epochs x steps': `${plan.epochs} x ${plan.stepsPerEpoch}`,
            loss: training.loss.title,
            optimizer: describeOptimizer(plan.optimizer),
            'batch norm momentum': String(network.config.bnMomentum),
            'Grad-CAM of': flags.score,
          },
        }),
        data: dataSummary(dataset.source, {
          train: dataset.train,
          valid: dataset.valid,
          test: dataset.test,
        }),
        samples: samples ?? [],
        frequencies,
        model: modelSummary(network.config, plan.size, network.origin),
        training,
        evaluation,
        gradcam,
        timings: phases.list,
        problems: problems.list,
      };
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

interface TrainedRun {
  session: Session;
  dataset: Dataset;
  trained: Trained;
  score: CamScore;
  /** By image; null where they have still to be read. */
  boxes: BoxesByImage | null;
  folder: RunFolder;
}

/** Predictions of the test images, their scores, and maps of some of them: each as far as the one before came. */
async function judge(
  context: CommandContext,
  { session, dataset, trained, score, boxes, folder }: TrainedRun,
  phases: Phases,
  problems: Problems,
): Promise<{ evaluation: EvaluationResult | null; gradcam: GradcamRow[] }> {
  const { out } = context;
  const { model, generators, plan, preparation, constant } = trained;
  const { samples } = generators.test;
  const table = await problems.attempt('Predictions', () =>
    phases.time('prediction', samples, () => predictSplit(context, model, generators.test)),
  );
  if (!table) return { evaluation: null, gradcam: [] };
  await problems.attempt(PREDICTIONS_FILE, async () => {
    await writePredictionsCsv(join(folder.staged, PREDICTIONS_FILE), table);
    await folder.publish();
  });
  const evaluation = await problems.attempt('Evaluation', async () => {
    const result = scorePredictions(context, table);
    out.say(`ROC on ${table.images.length} test images:`);
    sayEvaluation(context, result);
    return result;
  });
  if (!evaluation) return { evaluation, gradcam: [] };
  const gradcam = await problems.attempt('Grad-CAM', async () => {
    const known = boxes ?? (await readBoxes(dataset));
    const cases = chooseCases(evaluation.best, table, dataset.images, known, constant);
    out.say(`Grad-CAM of the ${score} for ${evaluation.best.join(', ')}:`);
    return phases.time('Grad-CAM', cases.length, () =>
      explain(context, session.pool, model, cases, {
        size: plan.size,
        interpolation: preparation.interpolation,
        score,
        classes: evaluation.best,
        outputs: COURSE_OUTPUTS,
        onFailure: (name, error) => problems.add(`Grad-CAM of ${name}`, error),
      }),
    );
  });
  return { evaluation, gradcam: gradcam ?? [] };
}

/** The run's own data, drawn into `out`. */
async function phantoms(
  context: CommandContext,
  flags: RunFlags,
  out: string,
  { node }: Session,
  phases: Phases,
): Promise<Dataset> {
  const preset = PHANTOM_PRESET[node.gpu.info.kind];
  const images = flags.phantoms ?? preset.images;
  const size = Math.max(64, flags.size ?? preset.size);
  await phases.time('drawing phantoms', images, () =>
    drawPhantoms(context, { out, images, size, seed: flags.seed, balanced: true, overwrite: false }),
  );
  const dataset = await readDataset(context, { data: out, limit: flags.limit }, 'phantoms');
  // The folder gets its real name at the end; in the report the files are named as seen from there.
  const named = (frame: Frame): Frame => ({
    ...frame,
    file: `${PHANTOM_FOLDER}/${basename(frame.file)}`,
  });
  const { train, valid, test } = dataset;
  return { ...dataset, train: named(train), valid: named(valid), test: named(test) };
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
      .option(
        '--phantoms <n>',
        'synthetic X-rays to draw when there is no --data (default: 400, in software 100)',
        wholeNumber(3),
      ),
  action: run,
});
