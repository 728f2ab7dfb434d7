/** States of optimizers that do not fit: each is named in a typed error. */
import { describe, expect, it } from 'vitest';
import { UsageError, WeightsError } from '../../../src/core/errors.js';
import { parameterTable } from '../../../src/densenet/architecture.js';
import { checkOptimizerState, type OptimizerState } from '../../../src/training/optimizers/state.js';
import { TINY } from '../../support/networks/tinyNet.js';

const network = { name: TINY.name, parameters: parameterTable(TINY) };

function state(optimizer = 'sgd', slots = ['velocity']): OptimizerState {
  const zeros = () =>
    new Map(
      network.parameters
        .filter(({ trainable }) => trainable)
        .map(({ key, size }) => [key, new Float32Array(size)]),
    );
  return {
    optimizer,
    iterations: 2,
    slots: Object.fromEntries(slots.map((slot) => [slot, zeros()])),
    settings: {},
  };
}

describe('a state', () => {
  it('is of an optimizer that there is', () => {
    expect(checkOptimizerState(state(), network).name).toBe('sgd');
    expect(checkOptimizerState(state('adamw', ['m', 'v']), network).name).toBe('adamw');
  });

  it.each<[string, OptimizerState, typeof UsageError | typeof WeightsError, RegExp]>([
    ['of no optimizer', state('rmsprop'), WeightsError, /'rmsprop', which is no optimizer.*adam, sgd, adamw/],
    [
      "with another's slots",
      state('sgd', ['m', 'v']),
      WeightsError,
      /SGD's state has a slot 'm'; SGD keeps vel/,
    ],
    ['without its slot', state('sgd', []), WeightsError, /SGD's state: velocity is undefined/],
    ['with half a slot', state('adam', ['m']), WeightsError, /Adam's state: v is undefined/],
    [
      'with a foreign setting',
      { ...state(), settings: { beta1: 0.9 } },
      UsageError,
      /state: SGD has no setting/,
    ],
    [
      'with a wrong setting',
      { ...state(), settings: { momentum: 2 } },
      UsageError,
      /SGD's state: momentum is 2/,
    ],
    ['that counts backwards', { ...state(), iterations: -1 }, WeightsError, /SGD's state counts -1 updates/],
    ['that is none', null as never, UsageError, /optimizer's state is null/],
  ])('%s is refused', (_, wrong, error, message) => {
    expect(() => checkOptimizerState(wrong, network)).toThrow(error);
    expect(() => checkOptimizerState(wrong, network)).toThrow(message);
  });

  it('may be below 0 where the slot is no mean of squares', () => {
    const below = state('adam', ['m', 'v']);
    below.slots.m.get('bn/beta')?.fill(-1);
    expect(checkOptimizerState(below, network).name).toBe('adam');
    below.slots.v.get('bn/beta')?.fill(-1, 1);
    expect(() => checkOptimizerState(below, network)).toThrow(/v of bn\/beta is -1 at position 1/);
  });
});
