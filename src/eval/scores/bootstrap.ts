/**
 * Intervals of the mean AUC by bootstrap: patients are drawn with replacement, each with all of their images, and
 * every class is scored anew (Efron, Annals of Statistics 1979; by groups as Field and Welsh, JRSS B 2007, describe).
 * Images of one patient are alike, so intervals that draw images by themselves come out too short.
 */

import {
  listOfStrings,
  requireArray,
  requireFields,
  requireObject,
  wholeNumber,
} from '../../core/arguments.js';
import { DataError, UsageError } from '../../core/errors.js';
import { MT19937 } from '../../core/mt19937.js';
import { checkMatrices, column } from './averages.js';
import { type AucInterval, countClasses, undefinedReason } from './roc.js';

/** What is drawn, and how often. */
export interface BootstrapOptions {
  /** Whose each row is: rows of one group are drawn together. Default: every row by itself. */
  groups?: readonly string[];
  /** Draws. Default 2,000. */
  replicates?: number;
  /** Start of the random numbers. Default 1. */
  seed?: number;
  /** Labels may be NaN, unknown: left out of the scores of their class. Default false. */
  unknownLabels?: boolean;
}

/** Mean AUC of a table with its 95 % interval, and that of the difference to another one. */
export interface BootstrapResult {
  /** Draws that count, and those that had to be drawn again as a class lacked one kind of label. */
  replicates: number;
  redrawn: number;
  groups: number;
  /** Mean over the classes that have an AUC; null where none has. */
  mean: number | null;
  interval: AucInterval | null;
  /** This table's mean minus the other's, on the same draws; null without another table. */
  difference: { mean: number; interval: AucInterval; shareBelowZero: number } | null;
}

const OPTIONS = ['groups', 'replicates', 'seed', 'unknownLabels', 'other'];

/** Draws in a row without both labels in every class, after which there is no interval to be had. */
const MOST_REDRAWN = 1000;

/** One class's rows from the highest score down; `last[k]` says that the next row's score is another. */
interface SortedClass {
  rows: Uint32Array;
  positive: Uint8Array;
  last: Uint8Array;
}

function sorted(truth: Float64Array, score: Float64Array): SortedClass {
  const rows = Uint32Array.from(truth.keys())
    .filter((row) => !Number.isNaN(truth[row]))
    .sort((a, b) => score[b] - score[a]);
  return {
    rows,
    positive: Uint8Array.from(rows, (row) => truth[row]),
    last: Uint8Array.from(rows, (row, k) =>
      Number(k + 1 === rows.length || score[rows[k + 1]] !== score[row]),
    ),
  };
}

/**
 * AUC with every row counted `times[b]` times: over distinct scores from the top, Σ n·(P + p/2) / (P·N), the share of
 * pairs in which the positive row scores higher (ties one half). NaN where a kind of label was not drawn.
 */
function weightedAuc({ rows, positive, last }: SortedClass, times: Uint32Array): number {
  let above = 0;
  let negatives = 0;
  let pairs = 0;
  let tiedPositives = 0;
  let tiedNegatives = 0;
  for (let k = 0; k < rows.length; k++) {
    const count = times[rows[k]];
    if (positive[k]) tiedPositives += count;
    else tiedNegatives += count;
    if (!last[k]) continue;
    pairs += tiedNegatives * (above + tiedPositives / 2);
    above += tiedPositives;
    negatives += tiedNegatives;
    tiedPositives = 0;
    tiedNegatives = 0;
  }
  return pairs / (above * negatives);
}

const meanAuc = (classes: readonly SortedClass[], times: Uint32Array) =>
  classes.reduce((sum, each) => sum + weightedAuc(each, times), 0) / classes.length;

/** Linear between the values in order, as NumPy's `percentile`. */
function percentile(inOrder: Float64Array, share: number): number {
  const at = share * (inOrder.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, inOrder.length - 1);
  return inOrder[below] + (at - below) * (inOrder[above] - inOrder[below]);
}

/** The middle 95 % of what the draws gave. */
function middle(values: Float64Array): AucInterval {
  const inOrder = values.slice().sort();
  return { low: percentile(inOrder, 0.025), high: percentile(inOrder, 0.975), level: 0.95 };
}

/** The classes of a table that have an AUC. */
function definedClasses(
  table: BootstrapTable,
  names: readonly string[],
  unknownLabels: boolean,
): { index: number; sorted: SortedClass }[] {
  const classes = names.length;
  checkMatrices(table.truth, table.predictions, classes);
  return names.flatMap((name, index) => {
    const truth = column(table.truth, classes, index);
    const score = column(table.predictions, classes, index);
    if (undefinedReason(countClasses(truth, score, { name, unknownLabels }))) return [];
    return [{ index, sorted: sorted(truth, score) }];
  });
}

/** Numbers the groups in the order in which they come. */
function groupNumbers(
  groups: readonly string[] | undefined,
  rows: number,
): { of: Uint32Array; count: number } {
  if (groups === undefined) return { of: Uint32Array.from({ length: rows }, (_, row) => row), count: rows };
  if (groups.length !== rows) {
    throw new DataError(`${rows} rows need as many groups; there are ${groups.length}.`);
  }
  const numbers = new Map<string, number>();
  const of = Uint32Array.from(groups, (group) => {
    const number = numbers.get(group) ?? numbers.size;
    numbers.set(group, number);
    return number;
  });
  return { of, count: numbers.size };
}

/** Truth and scores of one model, truth[b,classes] and predictions[b,classes], row-major. */
export interface BootstrapTable {
  truth: ArrayLike<number>;
  predictions: ArrayLike<number>;
}

/**
 * The 95 % interval of the mean AUC over the classes that have one, as the middle 95 % of the means of `replicates`
 * draws; with `other`, predictions for the same rows, also that of the difference, on the same draws. A draw in which
 * a class has only one kind of label is drawn again, so that every mean is over the same classes. No interval where
 * hardly a draw has both in every class, and of one group alone.
 * @param names the classes
 * @throws UsageError, DataError if the shapes disagree or the truth of both tables differs; NonFiniteError
 */
export function bootstrapMeanAuc(
  table: BootstrapTable,
  names: readonly string[],
  options: BootstrapOptions & { other?: BootstrapTable } = {},
): BootstrapResult {
  requireFields('The options of bootstrapMeanAuc', options, OPTIONS);
  const { groups, replicates = 2000, seed = 1, unknownLabels = false, other } = options;
  wholeNumber('replicates', replicates, 1);
  requireObject('The table', table);
  if (other !== undefined) requireObject('other', other);
  listOfStrings('names', names, 'name');
  if (groups !== undefined) requireArray('groups', groups, "with each row's group");
  const tables = other ? [table, other] : [table];
  const classes = tables.map((each) => definedClasses(each, names, unknownLabels));
  const rows = table.truth.length / names.length;
  if (other) requireSameTruth(table.truth, other.truth);
  const { of, count } = groupNumbers(groups, rows);
  const base = { redrawn: 0, groups: count, replicates: 0, interval: null, difference: null };
  if (classes[0].length === 0) return { ...base, mean: null };
  const once = new Uint32Array(rows).fill(1);
  const byTable = classes.map((each) => each.map((one) => one.sorted));
  const mean = meanAuc(byTable[0], once);
  // Every draw would be the same.
  if (count === 1) return { ...base, mean };

  const random = new MT19937(seed);
  const drawn = new Uint32Array(count);
  const times = new Uint32Array(rows);
  const means = tables.map(() => new Float64Array(replicates));
  let redrawn = 0;
  let failures = 0;
  for (let r = 0; r < replicates; ) {
    drawn.fill(0);
    for (let g = 0; g < count; g++) drawn[random.choice(count)]++;
    for (let row = 0; row < rows; row++) times[row] = drawn[of[row]];
    const values = byTable.map((each) => meanAuc(each, times));
    if (values.some(Number.isNaN)) {
      redrawn++;
      if (++failures >= MOST_REDRAWN) return { ...base, redrawn, mean };
      continue;
    }
    failures = 0;
    values.forEach((value, t) => {
      means[t][r] = value;
    });
    r++;
  }
  const difference = other ? differenceOf(means[0], means[1], mean - meanAuc(byTable[1], once)) : null;
  return { replicates, redrawn, groups: count, mean, interval: middle(means[0]), difference };
}

function differenceOf(ours: Float64Array, theirs: Float64Array, mean: number) {
  const differences = ours.map((value, r) => value - theirs[r]);
  const below = differences.reduce((sum, value) => sum + (value < 0 ? 1 : value === 0 ? 0.5 : 0), 0);
  return { mean, interval: middle(differences), shareBelowZero: below / differences.length };
}

function requireSameTruth(ours: ArrayLike<number>, theirs: ArrayLike<number>): void {
  const same =
    ours.length === theirs.length && Array.from(ours).every((label, k) => Object.is(label, theirs[k]));
  if (!same) {
    throw new UsageError(
      'The two tables have not the same labels row by row, so their difference says nothing.',
      'Compare predictions of the same images in the same order.',
    );
  }
}
