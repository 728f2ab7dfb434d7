import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { largestDifference } from '../../../bench/peers/judging.js';
import { encodeOnnx, toOihw } from '../../../bench/peers/onnx.js';
import { benchBatch, benchWeights } from '../../../bench/peers/peerNetwork.js';
import { densenetConfig } from '../../../src/densenet/architecture.js';
import { referenceForward, toFloat64 } from '../../support/networks/referenceNet.js';
import { SMALL } from './small.js';

describe('the ONNX file', () => {
  it('has kernels [out, in, height, width]', () => {
    // Value: 100 h + 10 in + out.
    const hwio = Float32Array.from({ length: 2 * 1 * 3 * 2 }, (_, i) => {
      const [h, rest] = [Math.floor(i / 6), i % 6];
      return 100 * h + 10 * Math.floor(rest / 2) + (rest % 2);
    });
    expect([...toOihw(hwio, [2, 1, 3, 2])]).toEqual([0, 100, 10, 110, 20, 120, 1, 101, 11, 111, 21, 121]);
  });

  const networks = [
    SMALL,
    densenetConfig('densenet40-12', { name: 'cifar', blocks: [2, 2], growthRate: 5, stemChannels: 6 }),
  ];
  const cases = networks.flatMap((config) => [
    { config, name: config.name, statistics: 'moving' as const },
    { config, name: config.name, statistics: 'batch' as const },
  ]);
  it.each(cases)(
    'of $name with $statistics statistics gives the right numbers',
    async ({ config, statistics }) => {
      const [batch, size] = [2, 16];
      const weights = benchWeights(config, 3);
      const { x } = benchBatch(config, batch, size, 3);
      const image = {
        shape: [batch, size, size, 3] as [number, number, number, number],
        data: Float64Array.from(x),
      };
      const { probabilities } = referenceForward(config, toFloat64(weights), image, statistics === 'batch');
      const session = await InferenceSession.create(encodeOnnx(config, weights, { batch, size, statistics }));
      const nchw = new Float32Array(x.length);
      for (let b = 0; b < batch; b++) {
        for (let p = 0; p < size * size; p++) {
          for (let c = 0; c < 3; c++) nchw[(b * 3 + c) * size * size + p] = x[(b * size * size + p) * 3 + c];
        }
      }
      const output = await session.run({ image: new Tensor('float32', nchw, [batch, 3, size, size]) });
      const got = output.probabilities.data as Float32Array;
      expect(largestDifference(got, probabilities)).toBeLessThan(1e-5);
      // Else a network that does not look at its images would pass.
      const images = [got.subarray(0, config.classes), got.subarray(config.classes)];
      expect(largestDifference(images[0], images[1])).toBeGreaterThan(1e-2);
    },
  );

  it('is not written without all weights', () => {
    const weights = benchWeights(SMALL, 3);
    weights.delete('conv1/bn/beta');
    expect(() => encodeOnnx(SMALL, weights, { batch: 1, size: 32 })).toThrow(/conv1\/bn\/beta/);
  });
});
