/** Predictions for a split, their CSV, ROC and AUC: the notebook's section 4. */

import { firstFew, plural } from '../../core/formatting.js';
import type { ImageGenerator } from '../../data/generator/generator.js';
import { repeatedImages } from '../../data/tables/leakage.js';
import type { DenseNet } from '../../densenet/densenet.js';
import { type EvaluationResult, evaluate } from '../../eval/scores/evaluate.js';
import { asWritten, type PredictionTable } from '../../eval/scores/predictionsCsv.js';
import { predictAll } from '../../training/predictAll.js';
import type { WorkContext } from '../reporter.js';

/** Probabilities of every image of a generator that does not shuffle, in the CSV's order. */
export async function predictSplit(
  { out, signal, onProgress }: WorkContext,
  model: DenseNet,
  generator: ImageGenerator,
): Promise<PredictionTable> {
  const bar = out.progress('Predicting', generator.samples, 'images');
  const { files, probabilities, labels } = await predictAll(model, generator, {
    signal,
    onProgress: (progress) => {
      if (progress.phase === 'predict') bar.update(progress.done);
      return onProgress?.(progress);
    },
  });
  out.endProgress();
  return {
    labels: generator.labels,
    images: files,
    patientIds: [...generator.frame.patientIds],
    truth: Float64Array.from(labels),
    predictions: asWritten(probabilities),
  };
}

/** Scores every row; images on several rows count as often, as in scikit-learn, and are named. */
export function scorePredictions(
  { out }: Pick<WorkContext, 'out'>,
  table: PredictionTable,
): EvaluationResult {
  const repeated = repeatedImages(table);
  if (repeated.length > 0) {
    out.warn(
      `${plural(repeated.length, 'image')} on more than one row (${firstFew(repeated)}): ` +
        'every row counts in the scores.',
    );
  }
  return evaluate(table.predictions, table.truth, table.labels, { unknownLabels: true });
}

export function sayEvaluation({ out }: Pick<WorkContext, 'out'>, result: EvaluationResult): void {
  const masked = result.classes.some(({ positives, negatives }) => positives + negatives < result.samples);
  out.table(
    ['class', ...(masked ? ['known'] : []), 'positives', 'AUC', '95 % interval', 'average precision'],
    result.classes.map(({ name, positives, negatives, auc, interval, averagePrecision }) => [
      name,
      ...(masked ? [positives + negatives] : []),
      positives,
      auc === null ? 'undefined' : auc.toFixed(3),
      interval ? `${interval.low.toFixed(3)}-${interval.high.toFixed(3)}` : '-',
      averagePrecision === null ? '-' : averagePrecision.toFixed(3),
    ]),
  );
  const { meanAuc, undefinedClasses, samples, classes } = result;
  const over = classes.length - undefinedClasses.length;
  out.say(
    meanAuc === null
      ? `No class of ${samples} images has both labels: there is no AUC.`
      : `Mean AUC ${meanAuc.toFixed(3)} over ${plural(over, 'class', 'classes')} and ${plural(samples, 'image')}; ` +
          `best: ${result.best.join(', ')}`,
  );
  for (const { name, reason } of classes) if (reason !== null) out.warn(`${name}: ${reason}`);
}
