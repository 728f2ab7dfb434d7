/** What is said where the GPU has no room, and where WebGPU's own words go. */
import { beforeAll, describe, expect, it } from 'vitest';
import { OutOfMemoryError } from '../../../src/core/errors.js';
import { chexgpu, ensureBuilt, lastLine } from '../../support/programs/cli.js';
import { nodeProgram } from '../../support/programs/nodeProgram.js';

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

describe('what Dawn says of errors that nobody waits for', () => {
  it('goes to stderr', async () => {
    const program = await nodeProgram(
      'stray',
      `import { openNodeGpu } from '../commands/src/engine/device/gpu.node.ts';
       const { gpu } = await openNodeGpu({ quiet: true });
       gpu.device.createBuffer({ label: 'stray', size: 16, usage: 0x1 | 0x80 });
       await gpu.idle();
       await new Promise((resolve) => setTimeout(resolve, 100));
       console.log(JSON.stringify({ document: 1 }));
       gpu.dispose();`,
    );
    try {
      const ended = await program.run();
      expect(ended.code).toBe(0);
      expect(ended.stdout).toBe('{"document":1}\n');
      expect(ended.stderr).toMatch(/WebGPU: .*usage/is);
    } finally {
      program.remove();
    }
  });
});
