/** What outputs mean, by their weights and by whoever reads them. */
import { describe, expect, it } from 'vitest';
import { UsageError, WeightsError } from '../../../src/core/errors.js';
import { LABELS } from '../../../src/data/tables/labels.js';
import { densenetConfig } from '../../../src/densenet/architecture.js';
import type { WeightsReport } from '../../../src/densenet/weights/format.js';
import { opNorm } from '../../../src/densenet/weights/torch/torchFacts.js';
import {
  chooseLabels,
  labelsForCsv,
  mostProbable,
  outputsOf,
  shownProbabilities,
} from '../../../src/workflow/prediction/outputs.js';
import { frameForOutputs, tableOfOutputs } from '../../../src/workflow/prediction/outputTable.js';

const REPORT: WeightsReport = {
  layout: 'any',
  tensorCount: 1,
  head: true,
  leftOver: [],
  activationBy: 'nobody',
  bnEpsilonBy: 'nobody',
  activationInFile: null,
};

const weights = (classes: number, labels: string[] | null, namesOutputs: boolean) => ({
  config: densenetConfig('densenet121', { classes }),
  report: REPORT,
  labels,
  namesOutputs,
  thresholds: null,
});

describe('the outputs of weights', () => {
  it('are named by the caller, else by the file, else as the course has them where no file could say', () => {
    expect(outputsOf(weights(2, ['a', 'b'], true)).labels).toEqual(['a', 'b']);
    expect(outputsOf(weights(2, ['a', 'b'], true), ['c', 'd']).labels).toEqual(['c', 'd']);
    expect(outputsOf(weights(14, null, false)).labels).toEqual(LABELS);
  });

  it('are refused where nobody knows them', () => {
    const cases: [ReturnType<typeof weights>, string[] | undefined, RegExp][] = [
      [weights(14, null, true), undefined, /does not say what its 14 outputs are\. Name them/],
      [weights(1000, null, true), undefined, /1000 outputs are, ImageNet's probably/],
      [weights(2, null, false), undefined, /has 2 outputs, not 14/],
      [weights(2, null, true), ['a'], /has 2 outputs, not 1/],
      [weights(2, null, true), ['a', 'a'], /two outputs called a/],
      [{ ...weights(14, null, false), report: { ...REPORT, head: false } }, undefined, /without the head/],
    ];
    for (const [file, named, message] of cases) {
      expect(() => outputsOf(file, named, 'x.h5')).toThrow(message);
      expect(() => outputsOf(file, named, 'x.h5')).toThrow(WeightsError);
    }
  });
});

describe('probabilities', () => {
  const outputs = { labels: ['a', '', 'c'], thresholds: Float32Array.of(0.2, Number.NaN, 0.6) };
  const p = Float32Array.of(0.1, 0.9, 0.6, 0.7, 0.1, 0.3);

  it('are shown on the scale of their operating points, where there are any', () => {
    expect(shownProbabilities(outputs, p)).toEqual(opNorm(p, outputs.thresholds));
    expect(shownProbabilities({ thresholds: null }, p)).toBe(p);
  });

  it('come as a table of the wanted columns, shown', () => {
    const table = {
      labels: outputs.labels,
      images: ['1', '2'],
      patientIds: ['', ''],
      truth: Float64Array.of(0, 1, 1, 1, 0, 0),
      predictions: Float64Array.from(p),
    };
    const wanted = tableOfOutputs(table, outputs, ['c', 'a']);
    expect(wanted.labels).toEqual(['c', 'a']);
    expect([...wanted.truth]).toEqual([1, 0, 0, 1]);
    expect(Float32Array.from(wanted.predictions)).toEqual(
      Float32Array.from([2, 0, 5, 3], (i) => opNorm(p, outputs.thresholds)[i]),
    );
  });

  it('name the likeliest outputs that mean something', () => {
    expect(mostProbable(outputs)(Float32Array.of(0.2, 0.9, 0.3))).toEqual(['c', 'a']);
  });
});

describe('labels of a CSV', () => {
  it('are the findings, else the own of the network, and go to its outputs', () => {
    expect(labelsForCsv({ labels: ['x', ...LABELS] }, [])).toEqual(LABELS);
    expect(labelsForCsv({ labels: ['x', ...LABELS] }, ['x', ...LABELS])).toEqual(['x', ...LABELS]);
    expect(labelsForCsv({ labels: [...LABELS].reverse() }, LABELS)).toEqual(LABELS);
    expect(labelsForCsv({ labels: ['x', '', 'y'] }, ['y', 'x'])).toEqual(['x', 'y']);
    expect(() => labelsForCsv({ labels: ['x', 'y'] }, ['x'])).toThrow(WeightsError);
    const frame = {
      file: 'f',
      images: ['1', '2'],
      patientIds: ['', ''],
      classes: ['b', 'a'],
      labels: Uint8Array.of(1, 0, 0, 1),
      lines: [2, 3],
    };
    expect([...frameForOutputs(frame, ['a', 'z', 'b']).labels]).toEqual([0, 0, 1, 1, 0, 0]);
  });
});

describe('classes by name', () => {
  const network = { labels: ['Normal', '', 'Lung Opacity', '0'] };

  it('are those of the weights, in any case, or by number', () => {
    expect(chooseLabels(['Normal'], network)).toEqual(['Normal']);
    expect(chooseLabels(['lung_opacity', 'NORMAL'], network)).toEqual(['Lung Opacity', 'Normal']);
    expect(chooseLabels(['2', '2', 'Lung Opacity'], network)).toEqual(['Lung Opacity']);
    expect(chooseLabels(['0'], network)).toEqual(['0']);
  });

  it.each(['Mass', '', '1', '4', '-1', '0.5'])('"%s" is none of them, and they are listed', (name) => {
    expect(() => chooseLabels([name], network)).toThrow(UsageError);
    expect(() => chooseLabels([name], network)).toThrow(
      `These weights have no output for ${name || '""'}. Their outputs are Normal, Lung Opacity, 0.`,
    );
  });
});
