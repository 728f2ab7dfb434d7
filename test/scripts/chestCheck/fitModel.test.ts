/** How the check of X-rays is fitted: the regression by its gradient, the file by what it holds. */
import { describe, expect, it } from 'vitest';
import { fitLogistic, fittedModel, RIDGE } from '../../../scripts/chestCheck/fitModel.js';
import { FEATURES, SIDE } from '../../../src/data/checks/chestFeatures.js';
import { uniform } from '../../support/networks/generated.js';

const NAMES = Object.keys(FEATURES);

describe('fitLogistic', () => {
  const rows = Array.from({ length: 80 }, (_, i) => [...uniform(5, `row ${i}`, NAMES.length, -2, 2)]);
  const noise = [...uniform(5, 'noise', rows.length, -1, 1)];
  const isChest = rows.map((row, i) => row[0] - 0.5 * row[1] + noise[i] > 0);

  it('finds where the loss is least', () => {
    const { weights, bias } = fitLogistic(rows, isChest);
    const loss = (w: readonly number[], b: number) => {
      const losses = rows.map((row, i) => {
        const z = row.reduce((sum, value, f) => sum + w[f] * value, b);
        return Math.log1p(Math.exp(isChest[i] ? -z : z));
      });
      const squares = w.reduce((sum, value) => sum + value * value, 0);
      return losses.reduce((sum, one) => sum + one, 0) / rows.length + (RIDGE / 2) * squares;
    };
    const least = loss(weights, bias);
    for (const step of [-0.05, 0.05]) {
      expect(loss(weights, bias + step)).toBeGreaterThan(least);
      weights.forEach((_, f) => {
        expect(loss(weights.with(f, weights[f] + step), bias)).toBeGreaterThan(least);
      });
    }
    expect([weights[0] > 0.5, weights[1] < -0.2]).toEqual([true, true]);
  });
});

it('the fitted model names every feature and holds a whole template', () => {
  const text = fittedModel(6, 3);
  for (const name of NAMES) {
    expect(text).toMatch(new RegExp(`^  ${name}: { mean: \\S+, deviation: \\S+, weight: \\S+ },$`, 'm'));
  }
  expect(text).toContain('The mean of 3 phantoms');
  expect([...text.matchAll(/'([0-9a-f]+)'/g)].map(([, hex]) => hex).join('')).toHaveLength(2 * SIDE * SIDE);
});
