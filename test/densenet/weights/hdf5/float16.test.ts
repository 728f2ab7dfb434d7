import { describe, expect, it } from 'vitest';
import { declareFloat16 } from '../../../../src/densenet/weights/hdf5/float16.js';
import { childDataset, makeHdf5, readHdf5, writeArray } from '../../../../src/densenet/weights/hdf5/hdf5.js';
import { floatsOfDataset } from '../../../../src/densenet/weights/hdf5/hdf5Numbers.js';
import { toFloat16 } from '../../../../src/densenet/weights/inHalf.js';

describe('datasets of 16-bit floats', () => {
  it('are floats of 2 bytes in the finished file, of any shape, beside others', async () => {
    const values = Float32Array.of(1, -2, 0.5, 65504, 2 ** -24, 0);
    const bytes = await makeHdf5((root) => {
      writeArray(root, 'a/half', toFloat16(values), [3, 2]);
      writeArray(root, 'a/whole', values, [6]);
      writeArray(root, 'one', toFloat16(values.subarray(0, 1)), [1, 1, 1, 1]);
      writeArray(root, 'count', BigInt64Array.of(7n), []);
    });
    await readHdf5(bytes, 'made', (root) => {
      const half = childDataset(root, 'a/half')!;
      expect(half.shape).toEqual([3, 2]);
      expect(half.metadata.size).toBe(2);
      // 1: float
      expect(half.metadata.type).toBe(1);
      expect([...floatsOfDataset(half, 'half')]).toEqual([...values]);
      expect([...floatsOfDataset(childDataset(root, 'one')!, 'one')]).toEqual([1]);
      expect([...floatsOfDataset(childDataset(root, 'a/whole')!, 'whole')]).toEqual([...values]);
      expect(childDataset(root, 'count')!.value).toBe(7n);
    });
  });

  it('are not made of what is no such header', async () => {
    expect(() => declareFloat16(new Uint8Array(64), [0])).toThrow(/object header at 0/);
  });
});
