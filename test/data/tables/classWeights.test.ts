/** Class weights, against the formula of Cui et al. in exact arithmetic. */
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import {
  type ClassWeighting,
  classWeightingWords,
  classWeights,
  effectiveNumber,
} from '../../../src/data/tables/classWeights.js';
import type { Frame } from '../../../src/data/tables/frame.js';
import { frameFrequencies, lossWeights } from '../../../src/data/tables/frequencies.js';
import { labelsGolden } from '../../support/golden/labelsGolden.js';

/** One class with so many rows of each label, and of unknown ones. */
function frameOf(positives: number, negatives: number, unknown = 0): Frame {
  const labels = [
    ...Array(positives).fill(1),
    ...Array(negatives).fill(0),
    ...Array(unknown).fill(Number.NaN),
  ];
  return {
    file: 'f.csv',
    images: labels.map((_, i) => `${i}.png`),
    patientIds: labels.map(String),
    classes: ['Mass'],
    labels: Float32Array.from(labels),
    lines: labels.map((_, i) => i + 2),
  };
}

const of = (frame: Frame, weighting: ClassWeighting) => {
  const { posWeights, negWeights } = classWeights(frame, weighting);
  return [...posWeights, ...negWeights];
};

describe('class weights', () => {
  it('by the effective number of images are those of the paper', () => {
    for (const { beta, positives, negatives, weights } of labelsGolden.effective) {
      const got = of(frameOf(positives, negatives, 3), { kind: 'effective', beta });
      for (const [side, weight] of weights.entries()) expect(got[side]).toBeCloseTo(weight, 12);
    }
  });

  it('by effective numbers go over into those by frequencies', () => {
    const frame = frameOf(3, 17);
    const [positive, negative] = of(frame, { kind: 'effective', beta: 1 - 1e-7 });
    expect([positive, negative]).toEqual([expect.closeTo(0.85, 5), expect.closeTo(0.15, 5)]);
    expect(of(frame, { kind: 'effective', beta: 0 })).toEqual([0.5, 0.5]);
    expect(effectiveNumber(0, 0.9)).toBe(0);
    expect(effectiveNumber(2, 0.9)).toBeCloseTo(1.9, 12);
  });

  it('are those of frequencies, none, or given', () => {
    const frame = frameOf(1, 3, 4);
    const { posWeights, negWeights } = lossWeights(frameFrequencies(frame));
    expect(of(frame, { kind: 'frequencies' })).toEqual([...posWeights, ...negWeights]);
    expect(of(frame, { kind: 'none' })).toEqual([1, 1]);
    expect(of(frame, { kind: 'given', positive: [4], negative: [0.5] })).toEqual([4, 0.5]);
    expect(of(frameOf(0, 0, 2), { kind: 'effective', beta: 0.9 })).toEqual([0, 0]);
  });

  it('have words', () => {
    expect(classWeightingWords({ kind: 'effective', beta: 0.99 })).toBe(
      'by the effective number of images, beta 0.99',
    );
  });

  it.each<[ClassWeighting, RegExp]>([
    [{ kind: 'given', positive: [1, 2], negative: [1] }, /2 positive class weights for 1 label\. .*: Mass/],
    [{ kind: 'given', positive: [1], negative: [-1] }, /negative weight of Mass is -1/],
    [{ kind: 'effective', beta: 1 }, /beta is 1, it must be from 0 to below 1/],
    [{ kind: 'rare' } as never, /kind is 'rare', it must be frequencies or effective/],
  ])('of %j are refused', (weighting, message) => {
    expect(() => classWeights(frameOf(1, 1), weighting)).toThrow(UsageError);
    expect(() => classWeights(frameOf(1, 1), weighting)).toThrow(message);
  });
});
