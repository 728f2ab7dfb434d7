/**
 * Weights of real torchvision and torchxrayvision through a safetensors file: the same state_dict, the same
 * input from 8-bit pixels, the same maps, logits and probabilities as PyTorch in float64.
 */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DenseNetConfig, densenetConfig, HEAD_LAYER } from '../../src/densenet/architecture.js';
import { DenseNet } from '../../src/densenet/densenet.js';
import { readSafetensors } from '../../src/densenet/weights/torch/safetensors.js';
import { readTorchSafetensors } from '../../src/densenet/weights/torch/torch.js';
import { opNorm, XRV_LABELS } from '../../src/densenet/weights/torch/torchFacts.js';
import { writeTorchSafetensors } from '../../src/densenet/weights/torch/torchWrite.js';
import type { Gpu } from '../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../src/engine/device/gpu.node.js';
import type { PixelBatch } from '../../src/training/batch.js';
import type { InspectedMap } from '../../src/training/inspection/inspect.js';
import { readMap } from '../../src/training/inspection/readMap.js';
import { InputStage } from '../../src/training/model/inputStage.js';
import type { WeightMap } from '../../src/training/parameterSpec.js';
import { asPyTorch } from '../support/files/safetensors.js';
import { BOUND, golden, parity } from '../support/golden/parity.js';
import { type GoldenTensor, relativeError } from '../support/golden/sketch.js';
import { generatedWeights, uniform } from '../support/networks/generated.js';

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

const { made_with: made, cases, models } = golden<Golden>('torch/torch_weights.json');
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

/** What PyTorch's hooks see, in inference mode: maps[b,h,w,c] by module. */
async function inferenceMaps(config: DenseNetConfig, weights: WeightMap, batch: PixelBatch) {
  const input = await gpu.guarded('input', () => new InputStage(gpu, batch, config.inputChannels));
  await gpu.guarded('input', await input.loader(batch));
  const image = await readMap(gpu, input.image);
  input.dispose();
  const model = await DenseNet.create(gpu, { config, weights });
  const found = new Map<string, InspectedMap>();
  await model.inspect(batch, (output) => {
    found.set(output.name, output);
  });
  model.dispose();
  const map = (name: string) => found.get(name)!;
  /** A dense block's output: its input and, behind it, what its layers appended. */
  const block = (input: string, stage: number) =>
    concatenated([
      map(input),
      ...Array.from({ length: config.blocks[stage - 2] }, (_, i) => map(`conv${stage}_block${i + 1}_2_conv`)),
    ]);
  return {
    input: image,
    conv0: map('conv1/conv').values,
    denseblock1: block('pool1', 2),
    transition1: map('pool2_pool').values,
    denseblock4: block('pool4_pool', 5),
    logits: map(HEAD_LAYER).values,
  };
}

/** Maps of one size as one, channels behind channels. */
function concatenated(maps: readonly InspectedMap[]): Float32Array {
  const pixels = maps[0].shape[0] * maps[0].shape[1] * maps[0].shape[2];
  const wide = maps.reduce((sum, { shape }) => sum + shape[3], 0);
  const values = new Float32Array(pixels * wide);
  let offset = 0;
  for (const map of maps) {
    const c = map.shape[3];
    for (let p = 0; p < pixels; p++) values.set(map.values.subarray(p * c, (p + 1) * c), p * wide + offset);
    offset += c;
  }
  return values;
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
      row(name, 'relative L2', relativeError(values, all[name as keyof typeof all]), name, BOUND.map);
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
    row(
      'probabilities',
      'absolute',
      worst(p, wanted.probabilities),
      file.config.activation,
      BOUND.probability,
    );
    console.log(
      `${kind}: worst of ${p.length} probabilities ${worst(p, wanted.probabilities).toExponential(1)}, ` +
        `PyTorch's own float32 ${wanted.float32Error.toExponential(1)}`,
    );
    if (!wanted.opNorm) return;
    const outputs = opNorm(p, file.thresholds!);
    row('outputs by op_threshs', 'absolute', worst(outputs, wanted.opNorm), 'op_norm', BOUND.probability);
  });
});

describe('the outputs of torchxrayvision', () => {
  it.each(Object.entries(models))('are named as in its model %s', (_, { labels, thresholds }) => {
    // The rule that the reader goes by: an output without an operating point has no name.
    expect(XRV_LABELS.map((label, i) => (thresholds[i] === null ? '' : label))).toEqual(labels);
  });
});
