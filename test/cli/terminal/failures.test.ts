import { describe, expect, it } from 'vitest';
import { failureOf } from '../../../src/cli/terminal/failures.js';
import { DataError, GpuError, NonFiniteError, UsageError, WeightsError } from '../../../src/core/errors.js';

describe('an error at the end of a command', () => {
  it.each([
    [new UsageError('w'), 'usage', 2],
    [new DataError('w'), 'data', 3],
    [new WeightsError('w'), 'weights', 4],
    [new GpuError('w'), 'gpu', 7],
    [new NonFiniteError('w'), 'numeric', 8],
  ])('of ours has its code and its words: %s', (error, code, exitCode) => {
    expect(failureOf(error)).toEqual({ code, message: 'w', exitCode });
  });

  it('of a full disk is no bug, wherever it was met', () => {
    const full = Object.assign(new Error('ENOSPC: write'), { code: 'ENOSPC', path: '/tmp/a' });
    expect(failureOf(full)).toMatchObject({ code: 'data', exitCode: 3 });
    expect(failureOf(full).message).toMatch(/^\/tmp\/a could not be written: the disk is full/);
  });

  it.each([new TypeError('x is not a function'), 'thrown text', undefined])(
    'of any other kind is a bug: %s',
    (error) => {
      const { code, message, exitCode } = failureOf(error);
      expect([code, exitCode]).toEqual(['bug', 1]);
      expect(message).toMatch(/This is a bug in chexgpu/);
    },
  );
});
