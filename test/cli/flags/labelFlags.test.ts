/** The flags of what a training makes of the labels. */
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addLabelOptions, classWeightsOf, type LabelFlags } from '../../../src/cli/flags/labelFlags.js';
import { UsageError } from '../../../src/core/errors.js';
import { BCE } from '../../../src/training/losses/binaryCrossEntropy.js';
import { WEIGHTED } from '../../../src/training/losses/weightedCrossEntropy.js';

function parsed(...args: string[]): LabelFlags {
  const command = addLabelOptions(new Command())
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  return command.parse(args, { from: 'user' }).opts();
}

const weightsOf = (...args: string[]) => classWeightsOf(parsed(...args), { kind: WEIGHTED });

describe('the flags', () => {
  it('name labels and a sampler', () => {
    expect(parsed('--labels', ' A, B b ,C', '--sampler', 'balanced')).toEqual({
      labels: ['A', 'B b', 'C'],
      sampler: 'balanced',
    });
  });

  it('say how classes weigh', () => {
    expect(weightsOf()).toEqual({ kind: 'frequencies' });
    expect(weightsOf('--class-weights', 'none')).toEqual({ kind: 'none' });
    expect(weightsOf('--class-weights', 'effective')).toEqual({ kind: 'effective', beta: 0.999 });
    expect(weightsOf('--class-weights', 'effective', '--class-weights-beta', '0.9')).toEqual({
      kind: 'effective',
      beta: 0.9,
    });
    expect(weightsOf('--positive-weights', '1,2.5', '--negative-weights', '0, 1')).toEqual({
      kind: 'given',
      positive: [1, 2.5],
      negative: [0, 1],
    });
  });

  it.each([
    [['--labels', 'A,,B'], /name 2 is empty/],
    [['--labels', 'A,A'], /names A twice/],
    [['--labels', 'PatientId'], /column PatientId holds no label/],
    [['--labels', 'A_pred'], /A_pred ends as a column of predictions does/],
    [['--class-weights', 'many'], /Allowed choices/],
    [['--class-weights-beta', '1'], /beta is 1/],
    [['--class-weights-beta', 'x'], /beta is 'x'/],
    [['--positive-weights', '1,-2'], /numbers, 0 or above/],
    [['--positive-weights', ''], /numbers, 0 or above/],
    [['--sampler', 'even'], /Allowed choices are balanced/],
  ])('%j is refused', (args, message) => {
    expect(() => parsed(...args)).toThrow(message);
  });

  it.each([
    [['--positive-weights', '1'], /go together/],
    [['--positive-weights', '1', '--negative-weights', '1', '--class-weights', 'none'], /contradict/],
    [['--class-weights-beta', '0.9'], /setting of effective numbers/],
    [['--class-weights-beta', '0.9', '--class-weights', 'none'], /setting of effective numbers/],
  ])('%j contradicts itself', (args, message) => {
    expect(() => weightsOf(...args)).toThrow(UsageError);
    expect(() => weightsOf(...args)).toThrow(message);
  });

  it('are refused where the loss has no weights', () => {
    const flags = parsed('--class-weights', 'effective');
    expect(() => classWeightsOf(flags, { kind: BCE })).toThrow(
      /--class-weights is for a loss .* bce has none/,
    );
    expect(classWeightsOf(parsed(), { kind: BCE })).toEqual({ kind: 'frequencies' });
  });
});
