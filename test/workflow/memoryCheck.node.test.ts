import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/core/errors.js';
import { densenetConfig } from '../../src/densenet/architecture.js';
import type { Gpu } from '../../src/engine/device/gpu.js';
import { roomFor } from '../../src/workflow/memoryCheck.node.js';

const limit = 2 ** 30;
const gpu = {
  info: { kind: 'software' },
  device: { limits: { maxBufferSize: limit, maxStorageBufferBindingSize: limit } },
} as unknown as Gpu;

describe('roomFor', () => {
  it('refuses, before an image is decoded, a size that the network cannot halve as often as it does', () => {
    const config = densenetConfig('densenet121', { blocks: [2, 2, 2, 2, 2, 2] });
    const admit = (side: number) => roomFor(config, 'train', { count: 2, height: side, width: side })(gpu);
    expect(() => admit(64)).toThrow(UsageError);
    expect(() => admit(64)).toThrow(/^Image size 64 is not a multiple of 128, which densenet121 needs\./);
    expect(() => admit(128)).not.toThrow();
  });
});
