/** The runtime asks nothing of DenseNet: a network of three layers, written here, trains, predicts and is explained. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UsageError, WeightsError } from '../../src/core/errors.js';
import { MT19937 } from '../../src/core/mt19937.js';
import { TOLERANCE, worstDifference } from '../../src/core/tolerance.js';
import type { Gpu } from '../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../src/engine/device/gpu.node.js';
import {
  backwardApply,
  batchStatistics,
  prepareTraining,
  reluBackwardAndSums,
} from '../../src/shaders/batchnorm/batchnorm.js';
import * as norms from '../../src/shaders/batchnorm/batchnorm.reference.js';
import type { Dense } from '../../src/shaders/checkCase.js';
import { convBackwardWeights, convForward } from '../../src/shaders/conv/conv.js';
import * as conv from '../../src/shaders/conv/conv.reference.js';
import { denseForward } from '../../src/shaders/dense/dense.js';
import * as fullyConnected from '../../src/shaders/dense/dense.reference.js';
import { denseBackwardData, denseBackwardWeights } from '../../src/shaders/dense/denseBackward.js';
import { globalAveragePoolForward } from '../../src/shaders/pool/pool.js';
import * as pool from '../../src/shaders/pool/pool.reference.js';
import type { FloatBatch, Labelled } from '../../src/training/batch.js';
import { fit as trainModel } from '../../src/training/fit.js';
import { weightedCrossEntropy } from '../../src/training/losses/weightedCrossEntropy.js';
import { largestTensor, requireRoom } from '../../src/training/model/memoryEstimate.js';
import { Model } from '../../src/training/model/model.js';
import { checkImageSize, type Network } from '../../src/training/network.js';
import type { ParameterSpec, WeightMap } from '../../src/training/parameterSpec.js';
import { refused } from '../support/refused.js';

const [CHANNELS, CLASSES, EPSILON] = [4, 2, 1e-3];
const WINDOW = { kernel: 3, stride: 2, pad: 1 };

function spec(layer: string, tensor: ParameterSpec['tensor'], ...shape: number[]): ParameterSpec {
  const size = shape.reduce((product, n) => product * n, 1);
  return { key: `${layer}/${tensor}`, layer, tensor, shape, size, trainable: !tensor.startsWith('moving') };
}

/** 3x3/2 conv -> [bn+relu, global average] -> dense */
const THREE_LAYERS: Network = {
  name: 'three layers',
  inputChannels: 1,
  classes: CLASSES,
  activation: 'sigmoid',
  sizeMultiple: 2,
  parameters: [
    spec('conv', 'kernel', 3, 3, 1, CHANNELS),
    ...(['gamma', 'beta', 'moving_mean', 'moving_variance'] as const).map((t) => spec('bn', t, CHANNELS)),
    spec('dense', 'kernel', CHANNELS, CLASSES),
    spec('dense', 'bias', CLASSES),
  ],
  batchNorms: [{ name: 'bn', channels: CHANNELS, epsilon: EPSILON }],
  mapSizes: () => [
    { layer: 'image', bytesPerPixel: 4, heldInTraining: false },
    { layer: 'conv', bytesPerPixel: CHANNELS, heldInTraining: true }, // 4 bytes, a quarter of the pixels
  ],
  record(plan, parameters, image, mode, keep = false) {
    const [b, h, w] = image.shape;
    const [weight, gradient] = (['weights', 'gradients'] as const).map(
      (buffer) => (key: string) => parameters.view(buffer, key),
    );
    const map = plan.tensor('conv', [b, h / 2, w / 2, CHANNELS], keep);
    convForward(plan, 'conv', { x: image, weights: weight('conv/kernel'), y: map }, WINDOW);
    const stats = plan.tensor('bn stats', [1, 1, 2, CHANNELS]);
    const affine = mode.kind === 'inference' ? mode.affine('bn') : plan.tensor('bn affine', stats.shape);
    if (mode.kind === 'training') {
      const moving = parameters.view('nextMoving', 'bn/moving');
      const fresh = batchStatistics(plan, 'bn', map);
      const tensors = { fresh, stats, gammaBeta: weight('bn/gammaBeta'), moving, affine };
      const options = { n: (b * h * w) / 4, epsilon: EPSILON, momentum: 0.9, rule: mode.rule };
      prepareTraining(plan, 'bn', tensors, options);
    }
    const pooled = plan.tensor('pool', [b, 1, 1, CHANNELS], keep);
    globalAveragePoolForward(plan, 'pool', { x: map, affine, y: pooled });
    const logits = plan.tensor('logits', [b, 1, 1, CLASSES], keep);
    const [weights, bias] = [weight('dense/kernel'), weight('dense/bias')];
    denseForward(plan, 'dense', { x: pooled, weights, bias, y: logits });
    return {
      logits,
      maps: [
        ['conv', map],
        ['pool', pooled],
        ['dense', logits],
      ],
      cam: { features: map, affine, weights },
      recordBackward(dy) {
        const [dw, db] = [gradient('dense/kernel'), gradient('dense/bias')];
        denseBackwardWeights(plan, 'dense', { x: pooled, dy, dw, db });
        const da = plan.tensor('pool gradient', pooled.shape);
        denseBackwardData(plan, 'dense', { dy, weights, dx: da });
        const [dz, dx] = [plan.tensor('bn dz', map.shape), plan.tensor('conv gradient', map.shape)];
        const norm = { x: map, affine, stats };
        const options = { epsilon: EPSILON, mode: 'gradient' } as const;
        const parts = reluBackwardAndSums(plan, 'bn', { ...norm, da, dx: dz }, options);
        const dgammaBeta = gradient('bn/gammaBeta');
        backwardApply(plan, 'bn', { ...norm, dz, parts, dgammaBeta, dx }, options);
        convBackwardWeights(plan, 'conv', { x: image, dy: dx, dw: gradient('conv/kernel') }, WINDOW);
      },
    };
  },
};

const [COUNT, SIDE] = [3, 6];
const LOSS = { posWeights: [0.7, 0.4], negWeights: [0.3, 0.6] };

function batch(seed: number): Labelled<FloatBatch> {
  const random = new MT19937(seed);
  return {
    count: COUNT,
    height: SIDE,
    width: SIDE,
    x: Float32Array.from({ length: COUNT * SIDE * SIDE }, () => random.uniform(-1, 1)),
    labels: Float32Array.from({ length: COUNT * CLASSES }, (_, i) => i % 2),
    files: ['a', 'b', 'c'],
  };
}

type Numbers = Map<string, Float64Array>;
const toFloat64 = (weights: WeightMap): Numbers =>
  new Map([...weights].map(([key, values]) => [key, Float64Array.from(values)]));

/** The same network in plain-loop float64. */
function reference(weights: Numbers, { x }: Labelled<FloatBatch>, training: boolean) {
  const of = (key: string) => [...weights.get(key)!];
  const tensor = (shape: Dense['shape'], ...keys: string[]): Dense => ({
    shape,
    data: Float64Array.from(keys.flatMap(of)),
  });
  const image: Dense = { shape: [COUNT, SIDE, SIDE, 1], data: Float64Array.from(x) };
  const kernel = tensor([3, 3, 1, CHANNELS], 'conv/kernel');
  const map = conv.convForward(image, kernel, [COUNT, SIDE / 2, SIDE / 2, CHANNELS], WINDOW);
  const pair = [1, 1, 2, CHANNELS] as const;
  const moving = tensor(pair, 'bn/moving_mean', 'bn/moving_variance');
  const stats = training ? norms.batchStatistics(map) : moving;
  const { data: affine } = norms.affineOf(stats, tensor(pair, 'bn/gamma', 'bn/beta'), EPSILON);
  const pooled = pool.globalAveragePoolForward(map, { shape: [1, 1, 1, affine.length], data: affine });
  const dense = tensor([1, 1, CHANNELS, CLASSES], 'dense/kernel');
  const logits = fullyConnected.denseForward(pooled, dense, tensor([1, 1, 1, CLASSES], 'dense/bias'));
  return { map: map.data, logits: logits.data, p: logits.data.map((z) => 1 / (1 + Math.exp(-z))) };
}

const close = (got: ArrayLike<number>, want: ArrayLike<number>) =>
  expect(worstDifference(got, want, TOLERANCE.f32).ratio).toBeLessThanOrEqual(1);

let gpu: Gpu;
let model: Model;
beforeAll(async () => {
  gpu = (await openNodeGpu({ quiet: true })).gpu;
  model = await Model.of(gpu, THREE_LAYERS, { seed: 3 });
});
afterAll(async () => {
  await model.dispose();
  expect(gpu.allocatedBytes).toBe(0);
  gpu.dispose();
});

describe('a network of another kind', () => {
  it('predicts, and gives every map that it stores', async () => {
    const images = batch(1);
    const { map, logits, p } = reference(toFloat64(await model.exportWeights()), images, false);
    close(await model.predict(images), p);
    const maps = new Map<string, Float32Array>();
    await model.inspect(images, ({ name, values }) => {
      maps.set(name, values);
    });
    expect([...maps.keys()]).toEqual(['input', 'conv', 'pool', 'dense', 'probabilities']);
    close(maps.get('conv')!, map);
    close(maps.get('dense')!, logits);
  });

  it('trains: loss and gradients are those of the formulas, and the loss falls', async () => {
    const images = batch(2);
    const before = await model.exportWeights();
    const loss = (weights: Numbers) =>
      weightedCrossEntropy(LOSS).value(reference(weights, images, true).p, images.labels);
    await model.compile({ ...LOSS, learningRate: 0.05 });
    close([await model.trainStep(images)], [loss(toFloat64(before))]);
    const gradients = await model.gradients();
    expect([...gradients.keys()]).toEqual(
      THREE_LAYERS.parameters.filter(({ trainable }) => trainable).map(({ key }) => key),
    );
    for (const [key, got] of gradients) {
      const weights = toFloat64(before);
      const values = weights.get(key)!;
      const slopes = values.map((value, i) => {
        const at = (moved: number) => {
          values[i] = moved;
          return loss(weights);
        };
        const slope = (at(value + 1e-6) - at(value - 1e-6)) / 2e-6;
        values[i] = value;
        return slope;
      });
      expect(Math.hypot(...slopes), key).toBeGreaterThan(1e-3);
      close(got, slopes);
    }
    const source = {
      length: 1,
      samples: COUNT,
      batchSize: COUNT,
      labels: ['one', 'two'],
      getBatch: async () => images,
      onEpochEnd: () => {},
    };
    const { stepLoss: losses } = await trainModel(model, source, { ...LOSS, epochs: 20 });
    expect(losses[19]).toBeLessThan(0.9 * losses[0]);
  });

  it('explains a class, by the layers that it names', async () => {
    const { count: _, files: __, labels: ___, x, ...size } = batch(3);
    const image = {
      ...size,
      count: 1,
      x: x.slice(0, SIDE * SIDE),
      files: ['a'],
      labels: new Float32Array(2),
    };
    const cams = await model.gradcam(image, [0, 1], { score: 'logit' });
    for (const { map, height, width, empty } of cams) {
      expect([height, width, map.length]).toEqual([SIDE, SIDE, SIDE * SIDE]);
      expect(Math.max(...map)).toBe(empty ? 0 : 1);
    }
    expect(cams.some(({ empty }) => !empty)).toBe(true);
  });

  it('is named where something does not fit it', async () => {
    expect(() => checkImageSize(THREE_LAYERS, 5)).toThrow(UsageError);
    const odd = { ...batch(1), height: 5, width: 5, x: new Float32Array(75) };
    await expect(model.predict(odd)).rejects.toThrow(/5 is not a multiple of 2, which three layers needs/);
    const lacking = new Map([...(await model.exportWeights())].filter(([key]) => key !== 'bn/beta'));
    await expect(model.importWeights(lacking)).rejects.toThrow(WeightsError);
    await expect(Model.of(null as unknown as Gpu, THREE_LAYERS)).rejects.toThrow(/it must be a Gpu/);
    const shape = { count: 2, height: 8, width: 8 };
    expect(largestTensor(THREE_LAYERS, shape)).toBe(2 * 8 * 8 * 4);
    expect(() => requireRoom(gpu, THREE_LAYERS, 'train', shape, 100)).toThrow(/would take more than/);
  });

  const [kernel] = THREE_LAYERS.parameters;
  const first = (changes: object) => ({ parameters: [{ ...kernel, ...changes }] });
  it.each<[string, object | null, RegExp]>([
    ['null', null, /The network is null, it must be an object/],
    ['no record', { record: undefined }, /three layers: record is undefined, it must be a function/],
    ['a number of classes in words', { classes: '2' }, /three layers: classes is '2'/],
    ['an activation that there is not', { activation: 'relu' }, /activation is 'relu'/],
    ['no batch norms', { batchNorms: undefined }, /batchNorms is undefined, no array/],
    [
      'a size that is not that of the shape',
      first({ size: 37 }),
      /conv\/kernel has the size 37 and the shape \[3/,
    ],
    ['no shape', first({ shape: undefined }), /the shape of conv\/kernel is undefined/],
    ['another key', first({ key: 'conv/weights' }), /key is 'conv\/weights', it must be 'conv\/kernel'/],
    [
      'one key twice',
      { parameters: [kernel, kernel] },
      /parameters\[1\]: key is 'conv\/kernel', which is there/,
    ],
    ['a frozen kernel', first({ trainable: false }), /conv\/kernel is not trainable.*Moving averages/],
  ])('is refused where it is malformed: %s', async (_, changes, message) => {
    const wrong = changes && { ...THREE_LAYERS, ...changes };
    await refused(() => Model.of(gpu, wrong as Network), UsageError, message);
  });
});
