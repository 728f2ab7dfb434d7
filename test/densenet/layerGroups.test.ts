/** What is dispatched is what stands in the table: names, windows and shapes of a pass against its rows. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type DenseNetConfig,
  densenetConfig,
  layerMacs,
  layerTable,
  outputShapes,
} from '../../src/densenet/architecture.js';
import { layerGroups } from '../../src/densenet/layerGroups.js';
import { densenetNetwork } from '../../src/densenet/network.js';
import type { Gpu } from '../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../src/engine/device/gpu.node.js';
import { PlanBuilder } from '../../src/engine/plan/plan.js';
import * as kernels from '../../src/shaders/trainingKernels.js';
import { Parameters } from '../../src/training/model/parameters.js';

let gpu: Gpu;
beforeAll(async () => {
  gpu = (await openNodeGpu({ quiet: true })).gpu;
});
afterAll(() => gpu.dispose());

const NETWORKS: [string, DenseNetConfig][] = [
  ['DenseNet121', densenetConfig('densenet121')],
  ['a batch norm per block', densenetConfig('densenet40-12', { blocks: [2, 3, 2] })],
  ['no bottleneck', densenetConfig('densenet121', { blocks: [2, 1], bottleneck: 0, growthRate: 8 })],
  ['a CIFAR stem', densenetConfig('densenet121', { blocks: [2, 1], stem: 'cifar', compression: 0.7 })],
];
const [COUNT, SIDE] = [2, 64];

/** The dispatches of a pass in which every map is kept and so goes in Keras' order. */
function dispatches(config: DenseNetConfig, kind: 'training' | 'inference') {
  const network = densenetNetwork(config);
  const plan = new PlanBuilder(gpu, kind);
  const image = plan.tensor('image', [COUNT, SIDE, SIDE, config.inputChannels]);
  const affine = (name: string) => plan.tensor(name, [1, 1, 2, 2048]);
  const mode = kind === 'training' ? ({ kind, kernels, rule: 'keras3' } as const) : { kind, affine };
  const { maps } = network.record(plan, new Parameters(gpu, network), image, mode, true);
  return { dispatches: plan.soFar.dispatches, maps };
}

describe('the groups of DenseNet121', () => {
  const { stem, blocks, transitions, head } = layerGroups(densenetConfig('densenet121'));
  const names = (group: typeof stem) => group.map(({ layer }) => layer.name);

  it('are its stem, 58 dense layers, three transitions and its head', () => {
    expect(names(stem)).toEqual(['conv1/conv', 'pool1']);
    expect(blocks.map((layers) => layers.length)).toEqual([6, 12, 24, 16]);
    expect(names(blocks[2][11])).toEqual(['1_conv', '2_conv', 'concat'].map((l) => `conv4_block12_${l}`));
    expect(transitions.map(names)).toEqual([2, 3, 4].map((s) => [`pool${s}_conv`, `pool${s}_pool`]));
    expect(names(head)).toEqual(['global_average_pooling2d_1', 'dense_1']);
  });

  it('hold padding, batch norm and ReLU with the operation behind them', () => {
    expect(stem[0]).toMatchObject({ window: { kernel: 7, stride: 2, pad: 3 }, norm: undefined });
    expect(stem[1]).toMatchObject({
      window: { kernel: 3, stride: 2, pad: 1 },
      norm: { name: 'conv1/bn' },
      relu: { name: 'conv1/relu' },
    });
    expect(blocks[0][0][1].norm?.name).toBe('conv2_block1_1_bn');
    expect(head[0].norm?.name).toBe('bn');
    const all = [stem, ...blocks.flat(), ...transitions, head].flat();
    expect(all.filter(({ norm }) => norm)).toHaveLength(121);
  });
});

describe.each(NETWORKS)('a pass of a network with %s', (_, config) => {
  const table = layerTable(config);
  const rows = (...kinds: string[]) => table.filter(({ kind }) => kinds.includes(kind));

  it('convolves and pools what the rows say, in their order', () => {
    const shapes = outputShapes(config, SIDE);
    const macs = layerMacs(config, SIDE);
    const made = dispatches(config, 'inference').dispatches.filter(({ kernel }) =>
      /^(conv\.forward|pool\.maxForward|pool\.averageForward)\b/.test(kernel.name),
    );
    expect(made.map(({ label }) => label)).toEqual(
      rows('conv', 'maxpool', 'avgpool').map(({ name }) => name),
    );
    for (const { label, tensors, flops } of made) {
      const row = table.find(({ name }) => name === label)!;
      const { height, width, channels } = shapes.get(label)!;
      expect(tensors.y.shape, label).toEqual([COUNT, height, width, channels]);
      if (row.kind !== 'conv') continue;
      expect(tensors.weights.shape, label).toEqual([row.kernel, row.kernel, row.cin, row.cout]);
      expect(tensors.x.shape[3], label).toBe(row.cin);
      expect(flops, label).toBeGreaterThanOrEqual(2 * COUNT * macs.get(label)!);
    }
  });

  it('prepares every batch norm of the rows, in their order, and no other', () => {
    const prepared = dispatches(config, 'training').dispatches.filter(({ kernel }) =>
      kernel.name.startsWith('batchnorm.prepareTraining'),
    );
    expect(prepared.map(({ label }) => label)).toEqual(rows('batchnorm').map(({ name }) => name));
    expect(prepared.map(({ tensors }) => tensors.affine.shape[3])).toEqual(
      rows('batchnorm').map(({ cout }) => cout),
    );
  });

  it('stores each map once, under the name and with the shape of its row', () => {
    const shapes = outputShapes(config, SIDE);
    const { maps } = dispatches(config, 'inference');
    expect(new Set(maps.map(([name]) => name)).size).toBe(maps.length);
    for (const [name, map] of maps) {
      const { height, width, channels } = shapes.get(name)!;
      expect(map.shape, name).toEqual([COUNT, height, width, channels]);
    }
    const stored = rows('conv', 'maxpool', 'avgpool', 'gap', 'dense').map(({ name }) => name);
    expect(stored.filter((name) => !maps.some(([map]) => map === name))).toEqual([]);
  });
});
