/** A GPU for the tests of one file. */
import { afterAll, expect } from 'vitest';
import type { Gpu } from '../../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../../src/engine/device/gpu.node.js';
import { type FaultyDevice, faultyDevice } from './faultyDevice.js';

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

/** `const faulty = await testFaultyDevice();`, likewise: a device that is a host's, each of whose errors is caught. */
export async function testFaultyDevice(): Promise<FaultyDevice> {
  const faulty = faultyDevice((await testGpu()).device);
  // Among them would be "used in submit while destroyed".
  afterAll(() => expect(faulty.uncaught).toEqual([]));
  return faulty;
}
