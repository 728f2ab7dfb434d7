import { describe, expect, it } from 'vitest';
import { nodeProgram } from '../../support/programs/nodeProgram.js';

describe('what Dawn says of errors that nobody waits for', () => {
  it('goes to stderr', async () => {
    const program = await nodeProgram(
      'stray',
      `import { openNodeGpu } from './src/engine/device/gpu.node.ts';
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
