/**
 * `chexgpu evaluate` against real scikit-learn, file in, numbers out: test/golden/eval/make_evaluate.py wrote files
 * whose scores hang on digits that float32 does not hold, and whose form is pandas' rather than ours.
 */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataError } from '../../../src/core/errors.js';
import { LABELS } from '../../../src/data/tables/labels.js';
import { type ClassEvaluation, evaluate } from '../../../src/eval/scores/evaluate.js';
import { predictionsFromCsv } from '../../../src/eval/scores/parsePredictions.js';
import { predictionsToCsv, probabilitiesToCsv } from '../../../src/eval/scores/predictionsCsv.js';
import { chexgpu, ensureBuilt, lastLine, scratchFolder } from '../../support/programs/cli.js';

type Scores = [auc: number, precision: number, low: number | null, high: number | null];

interface Golden {
  made_with: Record<string, string>;
  files: Record<string, { text: string; classes: Record<string, Scores> }>;
}

const golden: Golden = JSON.parse(
  readFileSync(new URL('../../golden/eval/evaluate.json', import.meta.url), 'utf8'),
);
const TOLERANCE = 1e-12;
const scratch = scratchFolder();

beforeAll(ensureBuilt);
afterAll(() => scratch.remove());

async function evaluated(name: string, text: string) {
  const file = scratch.path(`${name.replaceAll(' ', '-')}.csv`);
  await writeFile(file, text);
  return chexgpu(['evaluate', file, '--json']);
}

describe('unknown labels', () => {
  const U = Number.NaN;
  const names = ['A', 'B', 'C', 'D'];
  // A: all known. B: two unknown. C: only negatives known. D: none.
  const labels = [1, 1, 0, U, 0, U, U, U, 1, 0, 0, U, 0, 1, U, U, 1, U, 0, U, 0, 0, 0, U];
  const predictions = labels.map((_, i) => ((i * 37) % 24) / 24);

  it('leave each class with the scores of its known rows', () => {
    const result = evaluate(predictions, labels, names, { unknownLabels: true });
    expect(result.samples).toBe(6);
    const known = (c: number) => labels.flatMap((y, i) => (i % 4 === c && !Number.isNaN(y) ? [i] : []));
    for (const c of [0, 1]) {
      const rows = known(c);
      const alone = evaluate(
        rows.map((i) => predictions[i]),
        rows.map((i) => labels[i]),
        [names[c]],
      );
      expect(result.classes[c]).toEqual({ ...alone.classes[0], index: c });
    }
    expect(result.classes[1]).toMatchObject({ positives: 2, negatives: 2, reason: null });
    expect(result.classes[1].interval).not.toBeNull();
    expect(result.classes[2]).toMatchObject({ auc: null, reason: 'no positive example among 4 images' });
    expect(result.classes[3]).toMatchObject({
      positives: 0,
      negatives: 0,
      reason: 'no image whose label is known',
    });
    expect(result.undefinedClasses).toEqual(['C', 'D']);
  });

  it('are refused without the option', () => {
    expect(() => evaluate(predictions, labels, names)).toThrow(DataError);
    expect(() => evaluate(predictions, labels, names)).toThrow(/B: the label in row 1 is NaN/);
  });
});

/** The others take the command's own way without a process. */
const THROUGH_THE_COMMAND = new Set(['all', 'mixed line ends', 'index']);

async function scored(name: string, text: string): Promise<ClassEvaluation[]> {
  const ended = await evaluated(name, text);
  expect([ended.code, ended.signal]).toEqual([0, null]);
  return JSON.parse(ended.stdout).classes;
}

function scoredHere(text: string): ClassEvaluation[] {
  const { predictions, truth, labels } = predictionsFromCsv(text, null);
  return evaluate(predictions, truth, labels).classes;
}

describe(`chexgpu evaluate beside scikit-learn ${golden.made_with['scikit-learn']}`, () => {
  for (const [name, { text, classes }] of Object.entries(golden.files)) {
    it(`scores the file "${name}" alike`, async () => {
      const found = THROUGH_THE_COMMAND.has(name) ? await scored(name, text) : scoredHere(text);
      expect(found.map((c) => c.name).sort()).toEqual(Object.keys(classes).sort());
      for (const { name: label, auc, averagePrecision, interval } of found) {
        const got = [auc, averagePrecision, interval?.low ?? null, interval?.high ?? null];
        for (const [i, wanted] of classes[label].entries()) {
          if (wanted === null) expect(got[i]).toBeNull();
          else expect(Math.abs((got[i] as number) - wanted), `${label}, number ${i}`).toBeLessThan(TOLERANCE);
        }
      }
    });
  }
});

describe('files that cannot be scored', () => {
  const rows = (separator: string, point: string) =>
    ['Image PatientId Mass Mass_pred', `a.png 1 0 0${point}5`, `b.png 2 1 0${point}75`]
      .map((row) => row.replaceAll(' ', separator))
      .join('\n');
  const cases: [string, string, RegExp][] = [
    ['semicolons', rows(';', ','), /line 1: the cells are separated by semicolons, not by commas/],
    ['tabs', rows('\t', '.'), /line 1: the cells are separated by tabs/],
    ['blanks', rows(' ', '.'), /line 1: the cells are separated by blanks/],
    ['bars', rows('|', '.'), /line 1: the cells are separated by vertical bars/],
    ["Excel's first line", `sep=;\n${rows(';', ',')}`, /line 1: .* separated by semicolons/],
    ["Excel's first line for tabs", `sep=\t\n${rows('\t', '.')}`, /line 1: .* separated by tabs/],
    ["Excel's first line for anything", `sep=#\n${rows('#', '.')}`, /line 1: .* separated by "#"/],
    ['rows of another kind', rows(',', '.').replace(/\na.*/, '\na.png;1;0;0,5'), /line 2: .*by semicolons/],
    ['decimal commas', rows(',', '.').replace('0.75', '"0,75"'), /"0,75" is not.*point instead of the comma/],
    ['hexadecimal', rows(',', '.').replace('0.75', '0x1'), /line 3, column "Mass_pred": "0x1" is not/],
    ['underscores', rows(',', '.').replace('0.75', '0_1'), /"0_1" is not a prediction/],
    ['infinity', rows(',', '.').replace('0.75', 'inf'), /"inf" is not a prediction/],
    ['no predictions', 'Image,PatientId,Mass\na.png,1,0\n', /no column whose name ends in _pred/],
    [
      'no labels',
      probabilitiesToCsv({ labels: LABELS, images: ['a.png'], predictions: new Float32Array(14) }),
      /holds predictions but no labels: the column "Cardiomegaly" is missing/,
    ],
    [
      'a finding without predictions',
      'Image,PatientId,Mass,Edema,Mass_pred\na.png,1,0,1,0.5\n',
      /the column "Edema_pred" is missing/,
    ],
  ];
  for (const [name, text, line] of cases) {
    it(`${name}: a sentence that says why`, () => {
      expect(() => predictionsFromCsv(text, null)).toThrow(DataError);
      expect(() => predictionsFromCsv(text, null)).toThrow(line);
    });
  }

  it('end the command with 3', async () => {
    const ended = await evaluated('semicolons', rows(';', ','));
    expect(lastLine(ended)).toMatch(/semicolons\.csv, line 1: the cells are separated by semicolons/);
    expect(ended.code).toBe(3);
  });
});

it('scores what `predict` writes of rows that occur twice, and says so', async () => {
  const text = predictionsToCsv({
    labels: ['Normal', 'Pneumonia'],
    images: ['a.png', 'b.png', 'a.png'],
    patientIds: ['1', '2', '1'],
    truth: [1, 0, 0, 1, 1, 0],
    predictions: Float32Array.of(0.9, 0.1, 0.2, 0.8, 0.9, 0.1),
  });
  const ended = await evaluated('twice', text);
  expect(ended.code).toBe(0);
  expect(ended.stderr).toMatch(/1 image on more than one row \(a\.png\)/);
  const { samples, classes } = JSON.parse(ended.stdout);
  expect([samples, classes.map((c: ClassEvaluation) => [c.name, c.auc])]).toEqual([
    3,
    [
      ['Pneumonia', 1],
      ['Normal', 1],
    ],
  ]);
});
