/** What a training came to on the test images: predictions, scores, maps. */
import { join } from 'node:path';
import type { DecodePool } from '../../data/images/decodePool.node.js';
import type { GradcamRow, PointingSummary } from '../../eval/report/reportData.js';
import type { EvaluationResult } from '../../eval/scores/evaluate.js';
import { writePredictionsCsv } from '../../eval/scores/predictionsCsv.node.js';
import type { CamScore } from '../../training/inspection/explainer.js';
import type { Dataset } from '../data/dataset.node.js';
import type { LateFailures } from '../lateFailures.js';
import type { Phases } from '../phaseTimes.js';
import type { WorkContext } from '../reporter.js';
import type { CheckpointFolder, Trained } from '../training/trainToCheckpoint.node.js';
import { predictSplit, sayEvaluation, scorePredictions } from './evaluation.js';
import { type BoxesByImage, casesOf, chooseCases, explain, readBoxes } from './explain.node.js';
import { playPointing, sayPointing } from './pointing.node.js';

const PREDICTIONS_FILE = 'predictions.csv';

/** Classes with maps. */
const EXPLAINED = 4;

/** A training that is done, and what is asked of it. */
export interface TrainedRun {
  pool: DecodePool;
  dataset: Dataset;
  trained: Trained;
  score: CamScore;
  /** By image; null where they have still to be read. */
  boxes: BoxesByImage | null;
  /** Gets the predictions. */
  folder: CheckpointFolder;
}

/** What the report has of it. */
export interface Judgement {
  evaluation: EvaluationResult | null;
  gradcam: GradcamRow[];
  /** Absent where no test image has a box. */
  pointing?: PointingSummary;
}

/** Predictions of the test images, their scores, and maps of some of them: each as far as the one before came. */
export async function judgeTraining(
  context: WorkContext,
  { pool, dataset, trained, score, boxes, folder }: TrainedRun,
  phases: Phases,
  problems: LateFailures,
): Promise<Judgement> {
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
  const { best, undefinedClasses } = evaluation;
  // Of few test images few classes have an AUC: then maps of others, too.
  const classes = [...best, ...undefinedClasses].slice(0, EXPLAINED);
  const known = boxes ?? (await problems.attempt('boxes.csv', () => readBoxes(dataset))) ?? new Map();
  const options = {
    size: plan.size,
    interpolation: preparation.interpolation,
    score,
    outputs: { labels: table.labels, thresholds: null },
    onFailure: (name: string, error: Error) => problems.add(`Grad-CAM of ${name}`, error),
  };
  const gradcam = await problems.attempt('Grad-CAM', async () => {
    const cases = chooseCases(classes, table, dataset.images, known, constant);
    out.say(`Grad-CAM of the ${score} for ${classes.join(', ')}:`);
    return phases.time('Grad-CAM', cases.length, () =>
      explain(context, pool, model, cases, { ...options, classes }),
    );
  });
  const boxed = casesOf(dataset.test, dataset.images, known).filter(
    (one) => one.boxes.length > 0 && !constant.has(one.name),
  );
  if (boxed.length === 0) return { evaluation, gradcam: gradcam ?? [] };
  const pointing = await problems.attempt('Pointing', async () => {
    const play = () => playPointing(context, pool, model, boxed, options);
    const { result } = await phases.time('pointing', boxed.length, play);
    sayPointing(context, result);
    return result;
  });
  return { evaluation, gradcam: gradcam ?? [], pointing: pointing ?? undefined };
}
