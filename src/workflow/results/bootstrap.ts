/** How sure a mean AUC is, and a difference of two: by draws of patients. */

import { UsageError } from '../../core/errors.js';
import { plural } from '../../core/formatting.js';
import { type BootstrapResult, bootstrapMeanAuc } from '../../eval/scores/bootstrap.js';
import type { PredictionTable } from '../../eval/scores/predictionsCsv.js';
import type { WorkContext } from '../reporter.js';

/** Draws where another table is given and nobody says how many. */
const DRAWS = 2000;

/** What a bootstrap says, and what was drawn. */
export interface PredictionsBootstrap extends BootstrapResult {
  /** Whether rows of one patient were drawn together. */
  byPatient: boolean;
}

/**
 * Draws by patient where the table knows them, else by row; null where nothing was asked.
 * @throws UsageError where the other table is of other images
 */
export function bootstrapPredictions(
  table: PredictionTable,
  other: PredictionTable | undefined,
  { bootstrap, seed }: { bootstrap?: number; seed: number },
): PredictionsBootstrap | null {
  if (bootstrap === undefined && other === undefined) return null;
  if (other) requireSameImages(table, other);
  const byPatient = table.patientIds.some((id) => id !== '');
  const result = bootstrapMeanAuc(table, table.labels, {
    groups: byPatient ? table.patientIds : undefined,
    replicates: bootstrap ?? DRAWS,
    seed,
    unknownLabels: true,
    other,
  });
  return { ...result, byPatient };
}

function requireSameImages({ images }: PredictionTable, other: PredictionTable): void {
  const row = images.findIndex((image, b) => image !== other.images[b]);
  const isLonger = images.length !== other.images.length;
  if (row < 0 && !isLonger) return;
  const where = isLonger
    ? `one has ${plural(images.length, 'row')}, the other ${other.images.length}`
    : `row ${row + 1} is ${images[row]} in one and ${other.images[row]} in the other`;
  throw new UsageError(
    `The two tables of predictions are not of the same images: ${where}.`,
    'Compare predictions of the same images in the same order.',
  );
}

const span = (interval: { low: number; high: number }) =>
  `${interval.low.toFixed(3)} to ${interval.high.toFixed(3)}`;

export function sayBootstrap(
  { out }: Pick<WorkContext, 'out'>,
  result: PredictionsBootstrap,
  against: string | undefined,
): void {
  const { replicates, groups, byPatient, redrawn, mean, interval, difference } = result;
  if (mean === null) return;
  if (interval === null) {
    const why =
      groups === 1 ? 'all rows are of one patient' : 'a class has so few examples that hardly a draw has one';
    out.warn(`There is no interval of the mean AUC: ${why}.`);
    return;
  }
  const drawn = plural(groups, byPatient ? 'patient' : 'row');
  out.say(`95 % interval of the mean AUC, ${plural(replicates, 'draw')} of ${drawn}: ${span(interval)}`);
  if (redrawn > 0) {
    out.say(`(${plural(redrawn, 'draw')} without both labels in every class left out and drawn again)`);
  }
  if (!difference) return;
  const sign = difference.mean < 0 ? '' : '+';
  out.say(
    `Mean AUC minus that of ${against}: ${sign}${difference.mean.toFixed(3)}, 95 % interval ` +
      `${span(difference.interval)}; below 0 in ${(100 * difference.shareBelowZero).toFixed(1)} % of the draws`,
  );
}
