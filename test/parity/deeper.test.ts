/** DenseNet169 and 201 against PyTorch and Keras: probabilities, gradients, layers and their order in Keras' file. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  countParameters,
  type DenseNetConfig,
  type DenseNetName,
  densenetConfig,
  parameterTable,
} from '../../src/densenet/architecture.js';
import { DenseNet } from '../../src/densenet/densenet.js';
import { readWeights, writeWeights } from '../../src/densenet/weights/formats.js';
import {
  childDataset,
  childGroup,
  readHdf5,
  stringsAttribute,
} from '../../src/densenet/weights/hdf5/hdf5.js';
import type { Gpu } from '../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../src/engine/device/gpu.node.js';
import { BOUND, golden, parity, ranked } from '../support/golden/parity.js';
import { type GoldenTensor, relativeError } from '../support/golden/sketch.js';
import {
  generatedBatch,
  generatedLossWeights,
  generatedWeights,
  nudgeBetas,
  scaleHead,
} from '../support/networks/generated.js';

interface TorchCase {
  seed: number;
  count: number;
  size: number;
  /** By batch norm and channel. */
  nudges: Record<string, Record<string, number>>;
  probabilities: number[][];
  loss: number;
  gradients: Record<string, GoldenTensor & { float32: number }>;
}

interface KerasCase {
  parameters: number;
  trainable: number;
  lines: number;
  sha256: string;
}

const { torch, keras } = golden<{
  torch: { version: string; headScale: number; networks: Record<string, TorchCase> };
  keras: { version: string; networks: Record<string, KerasCase> };
}>('network/deeper.json');

/** Betas moved by k/64 in a few channels, as one hex digit per channel. */
function nudged(weights: Map<string, Float32Array>, nudges: TorchCase['nudges']): void {
  const digits = Object.entries(nudges).map(([norm, moves]) => {
    const all = Array<number>(weights.get(`${norm}/beta`)!.length).fill(8);
    for (const [channel, k] of Object.entries(moves)) all[Number(channel)] += k;
    return [norm, all.map((digit) => digit.toString(16)).join('')];
  });
  nudgeBetas(weights, Object.fromEntries(digits));
}

let gpu: Gpu;
beforeAll(async () => {
  gpu = (await openNodeGpu({ quiet: true })).gpu;
});
afterAll(() => gpu.dispose());

describe.each(Object.entries(torch.networks))('%s', (network, golden) => {
  it('has the probabilities and the gradients of PyTorch in float64', async () => {
    const { seed, count, size, nudges, probabilities, loss, gradients } = golden;
    const config = densenetConfig(network as DenseNetName);
    const weights = generatedWeights(config, seed);
    scaleHead(weights, torch.headScale);
    nudged(weights, nudges);
    const batch = generatedBatch(seed, count, size);
    const model = await DenseNet.create(gpu, { config, weights });
    const p = await model.predict(batch);
    await model.compile(generatedLossWeights());
    const got = await model.trainStep(batch);
    const found = await model.gradients();
    model.dispose();

    const against = `PyTorch ${torch.version}, float64`;
    const row = (item: string, measure: string, [where, worst]: [string, number], bound: number) =>
      parity({
        item,
        what: `${network}, batch ${count} at ${size} px`,
        against,
        measure,
        worst,
        where,
        bound,
      });
    const distance = Math.max(...probabilities.flat().map((q, i) => Math.abs(q - p[i])));
    row('forward', 'absolute', ['probabilities', distance], BOUND.probability);
    row('backward', 'relative', ['loss', Math.abs(got - loss) / loss], BOUND.loss);
    const errors = Object.keys(gradients).map(
      (key) => [key, relativeError(found.get(key)!, gradients[key])] as [string, number],
    );
    row('backward', 'relative L2', ranked(errors)[0] as [string, number], BOUND.gradient);
  });
});

/** What a Keras file holds, in its order, as test/golden/network/make_deeper.py says it. */
const contents = (bytes: Uint8Array): Promise<string[]> =>
  readHdf5(bytes, 'base.h5', (root) =>
    stringsAttribute(root, 'layer_names')!.flatMap((layer) => {
      const group = childGroup(root, layer)!;
      const tensors = stringsAttribute(group, 'weight_names') ?? [];
      const shapeOf = (path: string) => childDataset(group, path)!.shape!.join(', ');
      const name = layer.replace(/^(input|zero_padding2d)(_\d+)?$/, '$1');
      return [name, ...tensors.map((path) => `${name} ${path.split('/').at(-1)} [${shapeOf(path)}]`)];
    }),
  );

/** No number twice in a row: drawn ones take seconds. */
const countedWeights = (config: DenseNetConfig) =>
  new Map(
    parameterTable(config).map(({ key, size }) => [
      key,
      Float32Array.from({ length: size }, (_, i) => i + 1),
    ]),
  );

describe.each(Object.entries(keras.networks))(`%s as Keras ${keras.version} has it`, (network, golden) => {
  const config = densenetConfig(network as DenseNetName, { classes: 3 });
  const weights = countedWeights(config);

  /** The first tensor that does not come back to the bit. */
  const differing = async (bytes: Uint8Array) => {
    const read = await readWeights(bytes, densenetConfig('densenet121'), 'file', { recognise: true });
    expect(read.config).toEqual(config);
    expect([...read.tensors.keys()].sort()).toEqual([...weights.keys()].sort());
    return [...weights].find(([key, values]) => !sameBits(values, read.tensors.get(key)!))?.[0];
  };

  it('has as many parameters, and its layers, names and shapes in the order of its file', async () => {
    const { total, trainable } = countParameters(densenetConfig(network as DenseNetName, { classes: 1000 }));
    expect([total, trainable]).toEqual([golden.parameters, golden.trainable]);
    const bytes = await writeWeights('keras2', weights, config);
    const base = (await contents(bytes)).slice(0, golden.lines);
    expect(createHash('sha256').update(base.join('\n')).digest('hex')).toBe(golden.sha256);
    expect(await differing(bytes)).toBeUndefined();
  });

  it('comes back from safetensors without being named', async () => {
    expect(await differing(await writeWeights('safetensors', weights, config))).toBeUndefined();
  });
});

const sameBits = (a: Float32Array, b: Float32Array): boolean =>
  Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(Buffer.from(b.buffer, b.byteOffset, b.byteLength));
