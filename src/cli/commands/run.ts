/** `chexgpu run`: the notebook's whole job. */
import { basename, join } from 'node:path';
import type { Frame } from '../../data/frame.js';
import { dataSummary } from '../../eval/dataSummary.js';
import { modelSummary } from '../../eval/modelSummary.js';
import { writePredictionsCsv } from '../../eval/predictionsCsv.node.js';
import { writeReport } from '../../eval/report.node.js';
import type { ReportData } from '../../eval/reportData.js';
import { augmentationWords } from '../augmentationFlags.js';
import type { CommandContext } from '../context.js';
import { type Dataset, namesData, readDataset } from '../notebook/data.js';
import { predictSplit, sayEvaluation, scorePredictions } from '../notebook/evaluation.js';
import { chooseCases, explain, readBoxes } from '../notebook/explain.js';
import { trainOn } from '../notebook/job.js';
import { loadNetwork, withMomentum } from '../notebook/network.js';
import { DATA_PRESET, PHANTOM_PRESET, RUN_WORDS } from '../notebook/presets.js';
import { runInfo, sampleImages } from '../notebook/report.js';
import { saySummary, summaryOf } from '../notebook/summary.js';
import {
  addDataOptions,
  addFolderOptions,
  addTrainingOptions,
  type DataFlags,
  option,
  type ScoreFlag,
  type TrainingFlags,
  wholeNumber,
} from '../options.js';
import { Phases } from '../phases.js';
import { checkTarget, type FolderFlags, inRunFolder, runFolderPath } from '../runFolder.js';
import { type Session, withSession } from '../session.js';
import { define } from './define.js';
import { drawPhantoms } from './phantoms.js';

type RunFlags = DataFlags &
  TrainingFlags &
  FolderFlags &
  ScoreFlag & { refuseLeakage: boolean; phantoms?: number };

const PREDICTIONS_FILE = 'predictions.csv';
const PHANTOM_FOLDER = 'phantoms';

async function run(context: CommandContext, flags: RunFlags): Promise<number> {
  const { out } = context;
  const startedAt = new Date();
  const target = runFolderPath(flags, startedAt);
  await checkTarget(target, flags.overwrite);
  // Read before the GPU is opened, so that bad input ends the run at once.
  const given = namesData(flags) ? await readDataset(context, flags) : null;
  const starting = await loadNetwork(flags);
  const summary = await withSession(context, flags, (session) =>
    inRunFolder(context, target, flags.overwrite, async (folder) => {
      const { kind } = session.node.gpu.info;
      const preset = given ? DATA_PRESET[kind] : PHANTOM_PRESET[kind];
      const momentum = flags.bnMomentum ?? (given ? undefined : PHANTOM_PRESET[kind].bnMomentum);
      const network = withMomentum(starting, momentum);
      const phases = new Phases();
      const dataset = given ?? (await phantoms(context, flags, folder, session, phases));
      const job = { session, dataset, network, flags, preset, phases, folder };
      const { model, generators, frequencies, plan, preparation, training } = await trainOn(context, job);

      const table = await phases.time('prediction', generators.test.samples, () =>
        predictSplit(context, model, generators.test),
      );
      await writePredictionsCsv(join(folder, PREDICTIONS_FILE), table);
      const evaluation = scorePredictions(context, table);
      out.say(`ROC on ${table.images.length} test images:`);
      sayEvaluation(context, evaluation);

      const cases = chooseCases(evaluation.best, table, dataset.images, await readBoxes(dataset));
      out.say(`Grad-CAM of the ${flags.score} for ${evaluation.best.join(', ')}:`);
      const gradcam = await phases.time('Grad-CAM', cases.length, () =>
        explain(context, session, model, cases, {
          size: plan.size,
          interpolation: preparation.interpolation,
          score: flags.score,
          classes: evaluation.best,
          network,
        }),
      );

      const samples = await sampleImages(session, dataset.train, dataset.images, preparation);
      const data: ReportData = {
        title: given ? `Chest X-rays in ${dataset.source}` : 'Synthetic chest X-rays (phantoms)',
        run: runInfo(context, session, {
          name: basename(target),
          seed: flags.seed,
          startedAt,
          settings: {
            'image size': `${plan.size} px`,
            interpolation: preparation.interpolation,
            augmentation: augmentationWords(preparation.augmentation),
            'batch size': String(plan.batchSize),
            'epochs x steps': `${plan.epochs} x ${plan.stepsPerEpoch}`,
            'learning rate': String(plan.learningRate),
            'batch norm momentum': String(network.config.bnMomentum),
            'Grad-CAM of': flags.score,
          },
        }),
        data: dataSummary(dataset.source, {
          train: dataset.train,
          valid: dataset.valid,
          test: dataset.test,
        }),
        samples,
        frequencies,
        model: modelSummary(network.config, plan.size, network.origin),
        training,
        evaluation,
        gradcam,
        timings: phases.list,
      };
      await writeReport(folder, data);
      return summaryOf(data, target);
    }),
  );
  saySummary(context, summary);
  out.document({ command: 'run', ...summary });
  return 0;
}

/** The run's own data: drawn into its folder. */
async function phantoms(
  context: CommandContext,
  flags: RunFlags,
  folder: string,
  { node }: Session,
  phases: Phases,
): Promise<Dataset> {
  const preset = PHANTOM_PRESET[node.gpu.info.kind];
  const out = join(folder, PHANTOM_FOLDER);
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
      .addOption(option.score())
      .option(
        '--phantoms <n>',
        'synthetic X-rays to draw when there is no --data (default: 400, in software 100)',
        wholeNumber(3),
      ),
  action: run,
});
