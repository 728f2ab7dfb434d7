/** Every door to weight files says what is wrong with its arguments. */
import { describe, expect, it } from 'vitest';
import { UsageError, WeightsError } from '../../../src/core/errors.js';
import {
  readWeights,
  sniffWeights,
  WEIGHTS_KINDS,
  writeWeights,
} from '../../../src/densenet/weights/formats.js';
import { readKerasHdf5, writeKerasHdf5 } from '../../../src/densenet/weights/keras/kerasLazy.js';
import { readTorchSafetensors } from '../../../src/densenet/weights/torch/torch.js';
import { writeTorchSafetensors } from '../../../src/densenet/weights/torch/torchWrite.js';
import { type ErrorKind, refused } from '../../support/refused.js';
import { randomWeights, TINY } from './keras/h5Fixtures.js';

type Door = (...args: unknown[]) => unknown;
const weights = randomWeights(TINY, 5);

describe.each([
  ['readWeights', readWeights as Door],
  ['readKerasHdf5', readKerasHdf5 as Door],
  ['readTorchSafetensors', readTorchSafetensors as Door],
])('%s', (_, read) => {
  it.each<[string, unknown[], RegExp]>([
    ['an ArrayBuffer', [new ArrayBuffer(99), TINY], /an ArrayBuffer, they must be.*new Uint8Array\(buffer\)/],
    ['nothing', [undefined, TINY], /are undefined, they must be a Uint8Array/],
    ['no configuration', [new Uint8Array(99)], /The configuration is undefined/],
    ['no options', [new Uint8Array(99), TINY, 'x', null], /The options of reading weights is null/],
  ])('refuses %s', async (__, args, message) => {
    await refused(async () => read(...args), UsageError, message);
  });
});

describe.each<[string, Door]>([
  ...WEIGHTS_KINDS.map((kind): [string, Door] => [
    `writeWeights of ${kind}`,
    (...args) => (writeWeights as Door)(kind, ...args),
  ]),
  ['writeKerasHdf5', writeKerasHdf5 as Door],
  ['writeTorchSafetensors', writeTorchSafetensors as Door],
])('%s', (_, write) => {
  it.each<[string, unknown[], ErrorKind, RegExp]>([
    ['no weights', [null, TINY], WeightsError, /The weights are null; they must be a Map/],
    [
      'weights in an object',
      [Object.fromEntries(weights), TINY],
      WeightsError,
      /are an Object; they must be/,
    ],
    [
      'numbers of another kind',
      [new Map([...weights].map(([key, values]) => [key, [...values]])), TINY],
      WeightsError,
      /conv1\/conv\/kernel is an Array of \d+; it must be a Float32Array/,
    ],
    [
      'a variance below 0',
      [
        new Map(weights).set(
          'bn/moving_variance',
          weights.get('bn/moving_variance')!.map(() => -1),
        ),
        TINY,
      ],
      WeightsError,
      /layer bn, moving_variance holds -1 at position 0\. A variance is never negative/,
    ],
    ['no configuration', [weights], UsageError, /The configuration is undefined/],
    ['no options', [weights, TINY, null], UsageError, /The options of writing weights is null/],
  ])('refuses %s', async (__, args, kind, message) => {
    await refused(async () => write(...args), kind, message);
  });
});

describe('a format', () => {
  it('is not guessed of what is no bytes', () => {
    expect(() => sniffWeights(new ArrayBuffer(9) as never)).toThrow(/an ArrayBuffer, they must be/);
  });

  it('that there is not is refused by a rejection, as all else of writing is', async () => {
    await expect(writeWeights('zip', weights, TINY)).rejects.toThrow(UsageError);
  });
});
