/** A GPU for the tests of one file. */
import { afterAll, expect } from 'vitest';
import type { Gpu } from '../../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../../src/engine/device/gpu.node.js';

/** At the top of a file: `const gpu = await testGpu();`. Whatever was made on it has to be freed by the end. */
export async function testGpu(): Promise<Gpu> {
  const { gpu } = await openNodeGpu({ quiet: true });
  afterAll(() => {
    try {
      expect(gpu.allocatedBytes).toBe(0);
    } finally {
      gpu.dispose();
    }
  });
  return gpu;
}
