import { beforeAll, describe, expect, it } from 'vitest';
import { OutOfMemoryError } from '../../src/core/errors.js';
import { chexgpu, ensureBuilt, lastLine } from '../support/programs/cli.js';

beforeAll(ensureBuilt);

describe('no memory on the GPU', () => {
  it('is told with the flags that the command has, and with nothing else on stdout', async () => {
    const args = ['profile', 'predict', '--batch', '700', '--size', '320', '--no-peaks', '--json'];
    const ended = await chexgpu(args);
    expect(ended.code).toBe(6);
    const { error } = JSON.parse(ended.stdout);
    expect(error.code).toBe('memory');
    expect(error.message).toMatch(/smaller batches or smaller images\. \(--batch or --size\)$/);
    expect(lastLine(ended)).toBe(`chexgpu: ${error.message}`);
  });

  it('is told in words, without flags, by the library', () => {
    expect(new OutOfMemoryError('There is none.').message).toBe(
      'There is none. Use smaller batches or smaller images.',
    );
  });
});
