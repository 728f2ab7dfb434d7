/** Grad-CAM, before the colour map, against Keras' gradients in float64 on the same weights and image. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { densenetConfig } from '../../src/densenet/architecture.js';
import { DenseNet } from '../../src/densenet/densenet.js';
import type { Gpu } from '../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../src/engine/device/gpu.node.js';
import { BOUND, golden, parity, ranked } from '../support/golden/parity.js';
import { type GoldenTensor, relativeError } from '../support/golden/sketch.js';
import { firstImage, generatedBatch, generatedWeights, scaleHead } from '../support/networks/generated.js';

interface CamCase {
  seed: number;
  count: number;
  size: number;
  class: number;
  probability: number;
  /** Share of the image that speaks for the class. */
  positive: number;
  /** map[h,w] at h, w = step / 2, step / 2 + step, ... */
  sampleStep: number;
  samples: number[][];
  map: GoldenTensor;
}

interface CamGolden {
  made_with: { keras: string };
  headScale: number;
  cases: CamCase[];
}

const { made_with: made, headScale, cases } = golden<CamGolden>('network/gradcam.json');
const against = `Keras ${made.keras}, float64`;
const config = densenetConfig('densenet121');
const sizes = [...new Set(cases.map(({ size }) => size))];

let gpu: Gpu;
beforeAll(async () => {
  gpu = (await openNodeGpu({ quiet: true })).gpu;
});
afterAll(() => gpu.dispose());

describe.each(sizes)('%i px', (size) => {
  it('draws the maps that Keras draws', async () => {
    const wanted = cases.filter((c) => c.size === size);
    const { seed, count } = wanted[0];
    const weights = generatedWeights(config, seed);
    scaleHead(weights, headScale);
    const model = await DenseNet.create(gpu, { config, weights });
    const image = firstImage(generatedBatch(seed, count, size));
    const maps = await model.gradcam(
      image,
      wanted.map((c) => c.class),
    );
    model.dispose();
    const pixels: [string, number][] = [];
    const whole: [string, number][] = [];
    maps.forEach(({ map, empty, probability }, i) => {
      const want = wanted[i];
      expect(Math.abs(probability - want.probability)).toBeLessThan(BOUND.probability);
      expect(empty).toBe(want.positive === 0);
      const start = Math.floor(want.sampleStep / 2);
      want.samples.forEach((row, r) => {
        row.forEach((value, c) => {
          const [y, x] = [start + r * want.sampleStep, start + c * want.sampleStep];
          pixels.push([`class ${want.class} [${y},${x}]`, Math.abs(map[y * size + x] - value)]);
        });
      });
      if (!empty) whole.push([`class ${want.class}`, relativeError(map, want.map)]);
    });
    const what = `${maps.length} Grad-CAM maps, ${size} px`;
    const [where, worst] = ranked(pixels)[0];
    parity({
      item: 'Grad-CAM',
      what,
      against,
      measure: 'absolute per pixel',
      worst,
      where,
      bound: BOUND.gradcam,
    });
    const [place, error] = ranked(whole)[0];
    parity({
      item: 'Grad-CAM',
      what: `${what}, every pixel`,
      against,
      measure: 'relative L2',
      worst: error,
      where: place,
      bound: BOUND.gradcam,
    });
  });
});
