/** Bootstrap intervals against scikit-learn and NumPy: test/golden/eval/make_bootstrap.py drew the same cases. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DataError, UsageError } from '../../../src/core/errors.js';
import { bootstrapMeanAuc } from '../../../src/eval/scores/bootstrap.js';
import { uniform } from '../../support/networks/generated.js';

interface Golden {
  seed: number;
  cases: {
    mean: number;
    interval: [number, number];
    redrawn: number;
    groups: number;
    difference: number;
    differenceInterval: [number, number];
    shareBelowZero: number;
  }[];
}

const golden: Golden = JSON.parse(
  readFileSync(new URL('../../golden/eval/bootstrap.json', import.meta.url), 'utf8'),
);
const CLASSES = 3;
const NAMES = ['one', 'two', 'three'];
/** As CASES of make_bootstrap.py. */
const CASES = [
  { rows: 40, groups: 12, unknown: 0, levels: null, draws: 60 },
  { rows: 90, groups: null, unknown: 0, levels: 6, draws: 40 },
  { rows: 70, groups: 20, unknown: 0.15, levels: 10, draws: 50 },
];

const draw = (key: string, size: number) => [...uniform(golden.seed, key, size, 0, 1)];

function table(index: number, name: string) {
  const { rows, unknown, levels } = CASES[index];
  const hidden = draw(`unknown ${index}`, rows * CLASSES);
  const truth = draw(`truth ${index}`, rows * CLASSES).map((u, k) =>
    hidden[k] < unknown ? Number.NaN : Number(u < 0.3),
  );
  const noise = draw(`${name} ${index}`, rows * CLASSES);
  const predictions = noise.map((u, k) => {
    const score = ((Number.isNaN(truth[k]) ? 0.5 : truth[k]) * 0.4 + u) / 1.4;
    return levels === null ? score : Math.floor(score * levels) / levels;
  });
  return { truth, predictions };
}

function groupsOf(index: number): string[] | undefined {
  const { rows, groups } = CASES[index];
  return groups === null
    ? undefined
    : draw(`groups ${index}`, rows).map((u) => `patient ${Math.floor(u * groups)}`);
}

describe('bootstrapMeanAuc', () => {
  it.each(golden.cases.map((wanted, index) => ({ wanted, index })))('case $index', ({ wanted, index }) => {
    const result = bootstrapMeanAuc(table(index, 'a'), NAMES, {
      groups: groupsOf(index),
      replicates: CASES[index].draws,
      seed: golden.seed,
      unknownLabels: true,
      other: table(index, 'b'),
    });
    const { interval, difference } = result;
    expect([result.redrawn, result.groups, result.replicates]).toEqual([
      wanted.redrawn,
      wanted.groups,
      CASES[index].draws,
    ]);
    const numbers = [
      [result.mean, wanted.mean],
      [interval?.low, wanted.interval[0]],
      [interval?.high, wanted.interval[1]],
      [difference?.mean, wanted.difference],
      [difference?.interval.low, wanted.differenceInterval[0]],
      [difference?.interval.high, wanted.differenceInterval[1]],
      [difference?.shareBelowZero, wanted.shareBelowZero],
    ];
    for (const [ours, theirs] of numbers) expect(ours).toBeCloseTo(theirs as number, 10);
  });

  it('is wider where the images of a patient are alike', () => {
    // Every row four times: 30 patients say no more than 30 rows do.
    const { truth, predictions } = table(1, 'a');
    const four = (values: number[]) => [...values, ...values, ...values, ...values];
    const repeated = { truth: four(truth), predictions: four(predictions) };
    const groups = four(truth.map((_, k) => k)).map((k) => String(Math.floor((k % 270) / CLASSES)));
    const rows = groups.filter((_, k) => k % CLASSES === 0);
    const byPatient = bootstrapMeanAuc(repeated, NAMES, { groups: rows, replicates: 300 });
    const byRow = bootstrapMeanAuc(repeated, NAMES, { replicates: 300 });
    const width = ({ interval }: typeof byRow) => (interval?.high ?? 0) - (interval?.low ?? 0);
    expect(byPatient.groups).toBe(90);
    expect(byPatient.mean).toBeCloseTo(byRow.mean as number, 12);
    expect(width(byPatient)).toBeGreaterThan(1.5 * width(byRow));
  });

  it('leaves out classes without an AUC, and says null where none has one', () => {
    const truth = [1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0];
    const predictions = [0.9, 0.2, 0.3, 0.4, 0.8, 0.6, 0.7, 0.1, 0.1, 0.3, 0.5, 0.2];
    const result = bootstrapMeanAuc({ truth, predictions }, NAMES, { replicates: 20 });
    const two = bootstrapMeanAuc(
      { truth: truth.filter((_, k) => k % 3 < 2), predictions: predictions.filter((_, k) => k % 3 < 2) },
      NAMES.slice(0, 2),
      { replicates: 20 },
    );
    expect(result.mean).toBe(two.mean);
    expect(result.interval).toEqual(two.interval);
    const none = bootstrapMeanAuc({ truth: [0, 0, 0], predictions: [0.1, 0.2, 0.3] }, NAMES);
    expect([none.mean, none.interval]).toEqual([null, null]);
  });

  it('gives up where hardly a draw has both labels in every class', () => {
    // Each of 40 classes has one positive row of 40: all of them are drawn together once in 10^8 draws.
    const classes = 40;
    const truth = Array.from({ length: classes * classes }, (_, k) => Number(k % (classes + 1) === 0));
    const names = Array.from({ length: classes }, (_, c) => `class ${c}`);
    const result = bootstrapMeanAuc({ truth, predictions: draw('rare', truth.length) }, names);
    expect(result).toMatchObject({ replicates: 0, redrawn: 1000, interval: null, difference: null });
    expect(result.mean).toBeGreaterThan(0.3);
  });

  it('has no interval of one patient alone, whose every draw is the same', () => {
    const { mean } = bootstrapMeanAuc(table(0, 'a'), NAMES, { replicates: 20 });
    const groups = Array.from({ length: 40 }, () => 'one');
    const result = bootstrapMeanAuc(table(0, 'a'), NAMES, { groups });
    expect(result).toMatchObject({ mean, groups: 1, replicates: 0, interval: null, difference: null });
  });

  it('refuses tables that do not belong together', () => {
    const a = table(0, 'a');
    const other = { ...a, truth: a.truth.map((y, k) => (k === 7 ? 1 - y : y)) };
    expect(() => bootstrapMeanAuc(a, NAMES, { other })).toThrow(UsageError);
    expect(() => bootstrapMeanAuc(a, NAMES, { groups: ['only one'] })).toThrow(DataError);
    expect(() => bootstrapMeanAuc(a, NAMES, { replicates: 0 })).toThrow(UsageError);
    expect(() => bootstrapMeanAuc(a, NAMES, { seed: -1 })).toThrow(UsageError);
    expect(() => bootstrapMeanAuc(a, NAMES, { unknownLabels: false })).not.toThrow();
    expect(() => bootstrapMeanAuc(table(2, 'a'), NAMES)).toThrow(DataError);
  });
});
