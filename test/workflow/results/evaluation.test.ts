import { describe, expect, it } from 'vitest';
import { SILENT } from '../../../src/workflow/reporter.js';
import { sayEvaluation, scorePredictions } from '../../../src/workflow/results/evaluation.js';

const TABLE = {
  labels: ['Mass', 'Hernia'],
  images: ['a', 'b', 'c', 'd'],
  patientIds: ['1', '2', '3', '4'],
  // AUC of Mass: of four pairs one is the wrong way round. No image has a hernia.
  truth: Float64Array.of(0, 0, 0, 0, 1, 0, 1, 0),
  predictions: Float64Array.of(0.1, 0.5, 0.4, 0.5, 0.35, 0.5, 0.8, 0.5),
};

function recorder() {
  const said: string[] = [];
  const rows: unknown[] = [];
  const out = {
    ...SILENT,
    say: (text = '') => void said.push(text),
    warn: (text: string) => void said.push(`! ${text}`),
    table: (header: readonly string[], lines: readonly unknown[]) => void rows.push(header, ...lines),
  };
  return { out, said, rows };
}

describe('scores', () => {
  it('are told class by class, with the reason where there are none', () => {
    const { out, said, rows } = recorder();
    const result = scorePredictions({ out }, TABLE);
    expect(result.meanAuc).toBe(0.75);
    sayEvaluation({ out }, result);
    expect(rows[0]).toEqual(['class', 'positives', 'AUC', '95 % interval', 'average precision']);
    expect(rows[1]).toEqual(['Mass', 2, '0.750', expect.stringMatching(/^\d\.\d{3}-\d\.\d{3}$/), '0.833']);
    expect(rows[2]).toEqual(['Hernia', 0, 'undefined', '-', '-']);
    expect(said[0]).toMatch(/^Mean AUC 0\.750 over 1 class and 4 images; best: Mass$/);
    expect(said[1]).toMatch(/^! Hernia: /);
  });

  it('count an image as often as it has rows, and say so', () => {
    const { out, said } = recorder();
    scorePredictions({ out }, { ...TABLE, images: ['a', 'b', 'b', 'd'] });
    expect(said).toEqual(['! 1 image on more than one row (b): every row counts in the scores.']);
  });

  it('show how many labels are known where not all are', () => {
    const { out, rows } = recorder();
    const truth = TABLE.truth.slice();
    truth[2] = Number.NaN;
    sayEvaluation({ out }, scorePredictions({ out }, { ...TABLE, truth }));
    expect(rows[0]).toContain('known');
    expect((rows[1] as unknown[]).slice(0, 4)).toEqual(['Mass', 3, 2, '1.000']);
  });
});
