/**
 * Weights of real torchvision and torchxrayvision through a safetensors file: the same state_dict, the same
 * input from 8-bit pixels, the same maps, logits and probabilities as PyTorch in float64.
 */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type DenseNetConfig,
  densenetConfig,
  layerTable,
  type WeightMap,
} from '../../src/densenet/architecture.js';
import type { PixelBatch } from '../../src/densenet/batch.js';
import { recordForward } from '../../src/densenet/forward.js';
import { InputStage } from '../../src/densenet/input.js';
import { DenseNet } from '../../src/densenet/model.js';
import { Parameters } from '../../src/densenet/parameters.js';
import { readSafetensors } from '../../src/densenet/weights/safetensors.js';
import { readTorchSafetensors, writeTorchSafetensors } from '../../src/densenet/weights/torch.js';
import { opNorm, XRV_LABELS } from '../../src/densenet/weights/torchFacts.js';
import type { Gpu } from '../../src/engine/gpu.js';
import { openNodeGpu } from '../../src/engine/gpu.node.js';
import { PlanBuilder } from '../../src/engine/plan.js';
import type { Tensor } from '../../src/engine/tensor.js';
import { prepareInference } from '../../src/shaders/batchnorm/batchnorm.js';
import { generatedWeights, uniform } from '../support/generated.js';
import { golden, parity } from '../support/parity.js';
import { asPyTorch } from '../support/safetensors.js';
import { type GoldenTensor, relativeError } from '../support/sketch.js';

interface TorchCase {
  kind: 'torchvision' | 'torchxrayvision';
  seed: number;
  count: number;
  size: number;
  channels: 1 | 3;
  classes: number;
  /** Factors on tensors of the generated weights. */
  scales: Record<string, number>;
  state: { tensors: number; sha256: string };
  input: GoldenTensor;
  logits: GoldenTensor;
  probabilities: number[];
  float32Error: number;
  maps: Record<string, GoldenTensor>;
  /** The model's own output, where it has operating points. */
  opNorm?: number[];
}

interface Golden {
  made_with: Record<'torch' | 'torchvision' | 'torchxrayvision' | 'safetensors', string>;
  cases: TorchCase[];
  models: Record<string, { labels: string[]; thresholds: (number | null)[] }>;
}

const { made_with: made, cases, models } = golden<Golden>('torch_weights.json');
const toThresholds = (points: (number | null)[]) => Float32Array.from(points, (t) => t ?? Number.NaN);

let gpu: Gpu;
beforeAll(async () => {
  gpu = (await openNodeGpu({ quiet: true })).gpu;
});
afterAll(() => gpu.dispose());

/** A state_dict as the library itself would save it: no metadata of ours. */
function stateDict({ kind, seed, channels, classes, scales }: TorchCase): Uint8Array {
  const config = densenetConfig('densenet121', { inputChannels: channels, classes });
  const weights = generatedWeights(config, seed);
  for (const [key, scale] of Object.entries(scales)) {
    weights.set(
      key,
      weights.get(key)!.map((v) => v * scale),
    );
  }
  const thresholds = kind === 'torchxrayvision' ? toThresholds(models.nih.thresholds) : null;
  return asPyTorch(writeTorchSafetensors(weights, config, { thresholds }));
}

function pixelBatch({ seed, count, size, channels, classes }: TorchCase): Omit<PixelBatch, 'normalisation'> {
  const name = `pixels ${count}x${size}x${size}x${channels}`;
  const values = uniform(seed, name, count * size * size * channels, 0, 256);
  return {
    count,
    height: size,
    width: size,
    channels,
    pixels: Uint8Array.from(values, (v) => Math.min(255, Math.floor(v))),
    labels: new Float32Array(count * classes),
    files: Array.from({ length: count }, (_, i) => `generated image ${i}`),
  };
}

/** What PyTorch's hooks see, read back from the GPU in inference mode: maps[b,h,w,c] by module. */
async function inferenceMaps(config: DenseNetConfig, weights: WeightMap, batch: PixelBatch) {
  const parameters = new Parameters(gpu, config);
  parameters.write(weights);
  const input = new InputStage(gpu, batch, config.inputChannels);
  await input.load(batch);
  const builder = new PlanBuilder(gpu, 'maps');
  const affines = new Map<string, Tensor>();
  for (const { name, kind, cout } of layerTable(config)) {
    if (kind !== 'batchnorm') continue;
    const affine = builder.tensor(`${name} affine`, [1, 1, 2, cout], true);
    const moving = parameters.view('moving', `${name}/moving`);
    const gammaBeta = parameters.view('weights', `${name}/gammaBeta`);
    prepareInference(builder, name, { moving, gammaBeta, affine }, { epsilon: config.bnEpsilon });
    affines.set(name, affine);
  }
  const mode = { kind: 'inference', affine: (name: string) => affines.get(name)! } as const;
  const forward = recordForward(builder, config, parameters, input.image, mode, true);
  const plan = await builder.build();
  plan.run();
  /** The first `channels` of a map, without gaps. */
  const read = async ({ storage, shape }: Tensor, channels = shape[3]) => {
    const all = new Float32Array(await gpu.read(storage.buffer!, storage.byteOffset, storage.bytes));
    return all.filter((_, i) => i % shape[3] < channels);
  };
  const [block1, block2] = forward.blocks;
  const maps = {
    input: await read(input.image),
    conv0: await read(forward.stem),
    denseblock1: await read(block1.features),
    transition1: await read(block2.features, block2.layers[0].channels),
    denseblock4: await read(forward.blocks[3].features),
    logits: await read(forward.logits),
  };
  plan.dispose();
  input.dispose();
  parameters.dispose();
  return maps;
}

describe.each(cases)('$kind', (wanted) => {
  const { kind, classes, channels } = wanted;
  const version = `${kind} ${made[kind]} on PyTorch ${made.torch}, float64`;
  const bytes = stateDict(wanted);
  const file = readTorchSafetensors(bytes, densenetConfig('densenet121'));
  const row = (what: string, measure: string, worst: number, where: string, bound: number) =>
    parity({
      item: 'other weights',
      what: `${kind}: ${what}`,
      against: version,
      measure,
      worst,
      where,
      bound,
    });

  it('has the state_dict of the library: names, dtypes, shapes', () => {
    const lines = [...readSafetensors(bytes).tensors].map(
      ([name, { dtype, shape }]) => `${name} ${dtype} [${shape.join(' ')}]`,
    );
    expect(lines.length).toBe(wanted.state.tensors);
    expect(createHash('sha256').update(lines.sort().join('\n')).digest('hex')).toBe(wanted.state.sha256);
  });

  it('is told apart, with what comes along', () => {
    expect(file.report).toMatchObject({
      layout: kind,
      tensorCount: 606,
      head: true,
      prefix: '',
      dtypes: ['F32'],
    });
    expect(file.config).toMatchObject({ inputChannels: channels, classes, bnEpsilon: 1e-5, bnMomentum: 0.9 });
    expect(file.preprocessing?.size).toBe(224);
    expect(file.labels).toEqual(kind === 'torchxrayvision' ? models.nih.labels : null);
  });

  it('gives the input, the maps and the logits of PyTorch', async () => {
    const batch = { ...pixelBatch(wanted), normalisation: file.preprocessing!.normalisation };
    const maps = await inferenceMaps(file.config, file.tensors, batch);
    const all = { input: wanted.input, ...wanted.maps, logits: wanted.logits };
    for (const [name, values] of Object.entries(maps)) {
      row(name, 'relative L2', relativeError(values, all[name as keyof typeof all]), name, 1e-5);
    }
  });

  it('gives the probabilities of PyTorch', async () => {
    const model = await DenseNet.create(gpu, { config: file.config, weights: file.tensors });
    const batch = { ...pixelBatch(wanted), normalisation: file.preprocessing!.normalisation };
    const p = await model.predict(batch);
    model.dispose();
    const worst = (got: Float32Array, want: number[]) =>
      got.reduce((most, v, i) => Math.max(most, Math.abs(v - want[i])), 0);
    expect(p.length).toBe(wanted.probabilities.length);
    row('probabilities', 'absolute', worst(p, wanted.probabilities), file.config.activation, 1e-5);
    console.log(
      `${kind}: worst of ${p.length} probabilities ${worst(p, wanted.probabilities).toExponential(1)}, ` +
        `PyTorch's own float32 ${wanted.float32Error.toExponential(1)}`,
    );
    if (!wanted.opNorm) return;
    const outputs = opNorm(p, file.thresholds!);
    row('outputs by op_threshs', 'absolute', worst(outputs, wanted.opNorm), 'op_norm', 1e-5);
  });
});

describe('the outputs of torchxrayvision', () => {
  it.each(Object.entries(models))('are named as in its model %s', (_, { labels, thresholds }) => {
    // The rule that the reader goes by: an output without an operating point has no name.
    expect(XRV_LABELS.map((label, i) => (thresholds[i] === null ? '' : label))).toEqual(labels);
  });
});
