import { describe, expect, it } from 'vitest';
import { withoutPlaces } from '../../../src/cli/session/publicCommand.js';

const FLAGS = [
  { long: '--data', flags: '--data <dir>' },
  { long: '--weights', flags: '--weights <file>' },
  { long: '--tensorboard', flags: '--tensorboard [dir]' },
  { long: '--epochs', flags: '--epochs <n>' },
  { long: '--no-check', flags: '--no-check' },
];

describe('the command line for others', () => {
  it.each([
    ['train --data /home/smith/1953 --epochs 3', 'train --data DIR --epochs 3'],
    ['train --data=smith --no-check', 'train --data=DIR --no-check'],
    ['train --data=a=b --weights w', 'train --data=DIR --weights FILE'],
    ['train --tensorboard --epochs 3', 'train --tensorboard --epochs 3'],
    ['train --tensorboard smith --epochs 3', 'train --tensorboard DIR --epochs 3'],
    ['train --epochs 3 --tensorboard', 'train --epochs 3 --tensorboard'],
  ])('names no place: %s', (typed, wanted) => {
    expect(withoutPlaces(typed.split(' '), FLAGS).join(' ')).toBe(wanted);
  });
});
