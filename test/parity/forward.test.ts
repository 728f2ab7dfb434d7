/** Every stored map of DenseNet121, inference mode, against Keras in float64. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { densenetConfig, HEAD_LAYER } from '../../src/densenet/architecture.js';
import { DenseNet } from '../../src/densenet/densenet.js';
import type { Gpu } from '../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../src/engine/device/gpu.node.js';
import { BOUND, golden, parity, ranked, tableOf } from '../support/golden/parity.js';
import { type GoldenTensor, relativeError } from '../support/golden/sketch.js';
import { generatedBatch, generatedWeights, scaleHead } from '../support/networks/generated.js';

interface ForwardCase {
  seed: number;
  count: number;
  size: number;
  probabilities: number[][];
  maps: Record<string, GoldenTensor & { float32: number }>;
}

interface ForwardGolden {
  made_with: { keras: string; tensorflow: string };
  headScale: number;
  cases: ForwardCase[];
}

const { made_with: made, headScale, cases } = golden<ForwardGolden>('network/forward.json');
const against = `Keras ${made.keras}, float64`;
const config = densenetConfig('densenet121');

let gpu: Gpu;
beforeAll(async () => {
  gpu = (await openNodeGpu({ quiet: true })).gpu;
});
afterAll(() => gpu.dispose());

describe.each(cases)('$size px, batch $count', ({ seed, count, size, probabilities, maps }) => {
  it('gives what Keras gives, in every layer', async () => {
    const weights = generatedWeights(config, seed);
    scaleHead(weights, headScale);
    const model = await DenseNet.create(gpu, { config, weights });
    const batch = generatedBatch(seed, count, size);
    const errors: [string, number][] = [];
    // Keras' head ends behind the sigmoid: what predict() gives, compared below.
    const only = ({ name }: { name: string }) => name in maps && name !== HEAD_LAYER;
    const compare = ({ name, values }: { name: string; values: Float32Array }) =>
      void errors.push([name, relativeError(values, maps[name])]);
    await model.inspect(batch, compare, { only });
    const p = await model.predict(batch);
    model.dispose();

    const outputs = errors.filter(([name]) => /_block\d+_2_conv$/.test(name));
    expect(outputs).toHaveLength(58);
    // The sigmoid's output is in the golden file as well.
    expect(errors).toHaveLength(Object.keys(maps).length - 1);
    const what = `${errors.length} maps, ${size} px, batch ${count}`;
    const worst = ranked(errors);
    console.log(
      `The worst five of ${what}, relative L2 error against ${against}:\n` +
        tableOf(
          worst.slice(0, 5).map(([name, e]) => [name, e, maps[name].float32]),
          ['chexgpu', 'Keras float32'],
        ),
    );
    const item = 'forward';
    parity({
      item,
      what,
      against,
      measure: 'relative L2',
      worst: worst[0][1],
      where: worst[0][0],
      bound: BOUND.map,
    });
    const [[where, far]] = ranked(probabilities.flat().map((v, i) => [`[${i}]`, Math.abs(p[i] - v)]));
    parity({
      item,
      what: `probabilities, ${size} px, batch ${count}`,
      against,
      measure: 'absolute',
      worst: far,
      where,
      bound: BOUND.probability,
    });
  });
});
