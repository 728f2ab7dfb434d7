import { InferenceSession, Tensor } from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { encodePageOnnx } from '../../../../bench/embedding/files/pageOnnx.js';
import { largestDifference } from '../../../../bench/peers/judging.js';
import { benchWeights } from '../../../../bench/peers/peerNetwork.js';
import { DenseNet } from '../../../../src/densenet/densenet.js';
import { dense } from '../../../../src/shaders/checkCase.js';
import { resizeBilinear } from '../../../../src/shaders/resize/resize.reference.js';
import { testGpu } from '../../../support/gpu/testGpu.js';
import { SMALL } from '../../peers/small.js';

const gpu = await testGpu();
const SIDE = 64;

it('the ONNX file gives probabilities and Grad-CAM of pixels of any scale', async () => {
  const weights = benchWeights(SMALL, 5);
  const pixels = Uint8Array.from({ length: 2 * SIDE * SIDE }, (_, i) => (i * i * 7 + (i % 97)) % 251);
  const session = await InferenceSession.create(encodePageOnnx(SMALL, weights, SIDE));
  const area = SIDE * SIDE;
  const rgb = Float32Array.from({ length: 6 * area }, (_, i) => {
    const image = Math.floor(i / (3 * area));
    return pixels[image * area + (i % area)] / 255;
  });
  const out = await session.run({ pixel_values: new Tensor('float32', rgb, [2, 3, SIDE, SIDE]) });

  const model = await DenseNet.create(gpu, { config: SMALL, weights });
  const one = (image: number, count: number) => ({
    count,
    height: SIDE,
    width: SIDE,
    channels: 1 as const,
    pixels: pixels.subarray(image * area, (image + count) * area),
    normalisation: { kind: 'samplewise' as const, epsilon: 1e-6 },
  });
  const probabilities = await model.predict(one(0, 2));
  expect(largestDifference(out.probabilities.data as Float32Array, probabilities)).toBeLessThan(1e-4);

  const { classes } = SMALL;
  const [, , h, w] = out.cams.dims;
  for (const image of [0, 1]) {
    const maps = await model.gradcam(one(image, 1), [0, 1, 2]);
    for (const { classIndex, map, empty } of maps) {
      const from = (image * classes + classIndex) * h * w;
      const cam = {
        ...dense([1, h, w, 1]),
        data: Float64Array.from((out.cams.data as Float32Array).subarray(from, from + h * w)),
      };
      const resized = resizeBilinear(cam, [1, SIDE, SIDE, 1]).data.map((value) => Math.max(0, value));
      const most = Math.max(...resized);
      expect(empty).toBe(most === 0);
      if (!empty)
        expect(
          largestDifference(
            map,
            resized.map((value) => value / most),
          ),
        ).toBeLessThan(1e-3);
    }
  }
  await model.dispose();
});
