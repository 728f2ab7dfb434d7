/** The notebook's sections 1.2, 1.3 and 2.1: leakage and class frequencies. */
import { describe, expect, it } from 'vitest';
import { readFrame, readNihTable, readTextFile } from '../../../src/data/tables/csv.node.js';
import {
  countKnown,
  countPositives,
  type Frame,
  hasUnknown,
  selectRows,
} from '../../../src/data/tables/frame.js';
import {
  computeClassFreqs,
  contributions,
  frameFrequencies,
  lossWeights,
} from '../../../src/data/tables/frequencies.js';
import { LABELS } from '../../../src/data/tables/labels.js';
import { checkForLeakage } from '../../../src/data/tables/leakage.js';
import { weightedCrossEntropy } from '../../../src/training/losses/index.js';
import { DATA, realFile } from '../../support/files/realData.js';

describe('class frequencies', () => {
  it("equals the notebook's test case", () => {
    const rows = [1, 0, 0, 0, 1, 1, 1, 0, 1, 1, 1, 1, 1, 0, 1];
    const { positive, negative } = computeClassFreqs(rows, 3);
    expect([...positive]).toEqual([0.8, 0.4, 0.8]);
    expect([...negative]).toEqual([0.2, 0.6, 0.2]);
  });

  it('weights make both sides contribute alike', () => {
    const labels = Uint8Array.from({ length: 37 * 5 }, (_, i) => Number((i * 2654435761) % 97 < 31));
    const frequencies = computeClassFreqs(labels, 5);
    const weights = lossWeights(frequencies);
    expect(weights.posWeights).toEqual(frequencies.negative);
    const sides = contributions(frequencies, weights);
    expect(sides.positive).toEqual(sides.negative);
    expect(Math.min(...sides.positive)).toBeGreaterThan(0);
    expect(contributions(frequencies, { ...weights, negWeights: weights.posWeights }).negative).not.toEqual(
      sides.positive,
    );
  });

  it('weights are what the weighted loss takes, as they come', () => {
    const frequencies = computeClassFreqs([1, 0, 0, 1, 0, 0], 2);
    const { settings } = weightedCrossEntropy(lossWeights(frequencies));
    expect(settings.posWeights).toEqual([...frequencies.negative]);
    expect(settings.negWeights).toEqual([...frequencies.positive]);
  });

  it('count the labels that are known, where unknown ones are allowed', () => {
    const U = Number.NaN;
    const rows = [1, 0, U, 0, U, U, U, 1, U, 1, 0, U];
    const { positive, negative } = computeClassFreqs(rows, 3, { unknownLabels: true });
    expect([...positive]).toEqual([2 / 3, 1 / 3, 0]);
    expect([...negative]).toEqual([1 / 3, 2 / 3, 0]);
    expect(() => computeClassFreqs(rows, 3)).toThrow(/class 2 in row 0 is NaN/);
    const frame: Frame = {
      file: 'mine.csv',
      images: ['a', 'b', 'c', 'd'],
      patientIds: ['1', '2', '3', '4'],
      classes: ['A', 'B', 'C'],
      labels: Float32Array.from(rows),
      lines: [2, 3, 4, 5],
    };
    expect(frameFrequencies(frame)).toEqual({ positive, negative });
    expect([countPositives(frame), countKnown(frame)]).toEqual([
      [2, 1, 0],
      [3, 3, 0],
    ]);
    const half = selectRows(frame, [2, 3]);
    expect([...half.labels]).toEqual(rows.slice(6));
    expect([hasUnknown(frame), hasUnknown(selectRows(frame, []))]).toEqual([true, false]);
  });

  it('refuses a set without rows', () => {
    expect(() => computeClassFreqs([], 14)).toThrow(/at least one row/);
  });
});

describe.runIf(DATA)('the real tables', () => {
  it("gives the notebook's frequencies for train-small.csv", async () => {
    const frame = await readFrame(realFile('nih/course/train-small.csv'));
    const published = JSON.parse(await readTextFile(realFile('reference/published-numbers.json')));
    const { positive } = frameFrequencies(frame);
    const values: Record<string, number> = published.assignment_train_freq_pos.values;
    expect(Object.fromEntries(LABELS.map((label, i) => [label, positive[i]]))).toEqual(values);
    expect(countPositives(frame).reduce((sum, count) => sum + count, 0)).toBe(675);
    const sum = positive.reduce((total, f) => total + f * (1 - f), 0);
    expect(sum).toBeCloseTo(0.607715, 10);
  });

  it("parses NIH's whole table and official lists", async () => {
    const { frame } = await readNihTable(realFile('nih/Data_Entry_2017_v2020.csv.gz'));
    expect(frame.images).toHaveLength(112120);
    expect(countPositives(frame)).toEqual([
      2776, 2516, 13317, 227, 19894, 5782, 6331, 11559, 5302, 3385, 1431, 1686, 2303, 4667,
    ]);
    const list = async (name: string) => {
      const text = await readTextFile(realFile('nih', `${name}_list_official.txt`));
      const rowOf = new Map(frame.images.map((image, row) => [image, row]));
      const rows = text
        .trim()
        .split(/\s+/)
        .map((image) => rowOf.get(image)!);
      return selectRows(frame, rows);
    };
    const [train, test] = [await list('train_val'), await list('test')];
    expect([train.images.length, test.images.length]).toEqual([86524, 25596]);
    expect(checkForLeakage(train, test)).toBe(false);
  });
});
