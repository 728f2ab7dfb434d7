/** The whole network in plain-loop float64, composed of the operations' references. */
import { type DenseNetConfig, HEAD_LAYER } from '../../../src/densenet/architecture.js';
import { affineOf, batchStatistics } from '../../../src/shaders/batchnorm/batchnorm.reference.js';
import { type Dense, dense, type Shape } from '../../../src/shaders/checkCase.js';
import { type ConvShape, outputSide } from '../../../src/shaders/conv/conv.js';
import { convForward } from '../../../src/shaders/conv/conv.reference.js';
import { denseForward } from '../../../src/shaders/dense/dense.reference.js';
import { softmax } from '../../../src/shaders/loss/loss.reference.js';
import { pointwise } from '../../../src/shaders/pointwise/pointwise.reference.js';
import {
  averagePoolForward,
  globalAveragePoolForward,
  maxPoolForward,
} from '../../../src/shaders/pool/pool.reference.js';
import { weightedCrossEntropy } from '../../../src/training/losses/weightedCrossEntropy.js';

/** Written out here and not read off the table, which is what is tested. */
const STEM = { kernel: 7, stride: 2, pad: 3 };
const STEM_POOL = { kernel: 3, stride: 2, pad: 1 };
const POINT = { kernel: 1, stride: 1, pad: 0 };
const GROWTH = { kernel: 3, stride: 1, pad: 1 };
const HALVE = { kernel: 2, stride: 2, pad: 0 };

export type Numbers = Map<string, Float64Array>;

export function toFloat64(weights: ReadonlyMap<string, Float32Array>): Numbers {
  return new Map([...weights].map(([key, values]) => [key, Float64Array.from(values)]));
}

export interface ReferenceResult {
  logits: Dense;
  probabilities: Float64Array;
  /** Batch statistics [mean | variance] behind every batch norm; in inference the moving ones. */
  stats: Map<string, Dense>;
}

/** Channels [0,c) of a, then those of b. */
function concat(a: Dense, b: Dense): Dense {
  const [n, h, w, ca] = a.shape;
  const cb = b.shape[3];
  const y = dense([n, h, w, ca + cb]);
  for (let p = 0; p < n * h * w; p++) {
    y.data.set(a.data.subarray(p * ca, (p + 1) * ca), p * (ca + cb));
    y.data.set(b.data.subarray(p * cb, (p + 1) * cb), p * (ca + cb) + ca);
  }
  return y;
}

/** Forward pass with batch statistics (training) or moving averages. */
export function referenceForward(
  config: DenseNetConfig,
  weights: Numbers,
  image: Dense,
  training: boolean,
): ReferenceResult {
  const stats = new Map<string, Dense>();
  const pair = (a: string, b: string): Dense => {
    const [first, second] = [weights.get(a)!, weights.get(b)!];
    return { shape: [1, 1, 2, first.length], data: Float64Array.from([...first, ...second]) };
  };
  const everywhere = config.norms === 'layer';
  const norm = (name: string, x: Dense): Dense => {
    const s = training ? batchStatistics(x) : pair(`${name}/moving_mean`, `${name}/moving_variance`);
    stats.set(name, s);
    return flat(affineOf(s, pair(`${name}/gamma`, `${name}/beta`), config.bnEpsilon));
  };
  const conv = (name: string, x: Dense, out: number, shape: ConvShape, affine?: Dense): Dense => {
    const w: Dense = {
      shape: [shape.kernel, shape.kernel, x.shape[3], out],
      data: weights.get(`${name}/kernel`)!,
    };
    return convForward(x, w, sized(x, shape, out), shape, affine);
  };

  /** relu(x), or of its batch norm with norms 'layer': as prologue and input of what reads it. */
  const readable = (name: string, x: Dense): [x: Dense, affine?: Dense] =>
    everywhere ? [x, norm(name, x)] : [pointwise(x, undefined, true)];

  const stem = conv('conv1/conv', image, config.stemChannels, config.stem === 'imagenet' ? STEM : GROWTH);
  const pooledStem = sized(stem, STEM_POOL, config.stemChannels);
  let x = stem;
  if (config.stem === 'imagenet') x = maxPoolForward(stem, pooledStem, STEM_POOL, norm('conv1/bn', stem)).y;
  else if (!everywhere) x = pointwise(stem, norm('conv1/bn', stem));
  config.blocks.forEach((count, block) => {
    for (let i = 0; i < count; i++) {
      const name = `conv${block + 2}_block${i + 1}`;
      let [read, affine] = readable(`${name}_0_bn`, x);
      if (config.bottleneck > 0) {
        read = conv(`${name}_1_conv`, read, config.bottleneck * config.growthRate, POINT, affine);
        affine = norm(`${name}_1_bn`, read);
      }
      x = concat(
        x,
        conv(`${name}_${config.bottleneck > 0 ? 2 : 1}_conv`, read, config.growthRate, GROWTH, affine),
      );
    }
    if (block === config.blocks.length - 1) return;
    const name = `pool${block + 2}`;
    const out = Math.floor(x.shape[3] * config.compression);
    const t = conv(`${name}_conv`, x, out, POINT, everywhere ? norm(`${name}_bn`, x) : undefined);
    x = averagePoolForward(t, sized(t, HALVE, out), HALVE);
    if (!everywhere) x = pointwise(x, norm(`${name}_bn`, x));
  });
  const pooled = globalAveragePoolForward(...readable('bn', x));
  const kernel: Dense = {
    shape: [1, 1, pooled.shape[3], config.classes],
    data: weights.get(`${HEAD_LAYER}/kernel`)!,
  };
  const bias: Dense = { shape: [1, 1, 1, config.classes], data: weights.get(`${HEAD_LAYER}/bias`)! };
  const logits = denseForward(pooled, kernel, bias);
  const sigmoids = logits.data.map((z) => 1 / (1 + Math.exp(-z)));
  const probabilities = config.activation === 'softmax' ? softmax(logits).data : sigmoids;
  return { logits, probabilities, stats };
}

/** Loss of the forward pass, in training mode unless told otherwise. */
export function referenceLoss(
  config: DenseNetConfig,
  weights: Numbers,
  image: Dense,
  labels: ArrayLike<number>,
  loss: { posWeights: number[]; negWeights: number[] },
  training = true,
): number {
  const { probabilities } = referenceForward(config, weights, image, training);
  return weightedCrossEntropy(loss).value(probabilities, labels);
}

function sized(x: Dense, shape: ConvShape, channels: number): Shape {
  return [x.shape[0], outputSide(x.shape[1], shape), outputSide(x.shape[2], shape), channels];
}

function flat(affine: Dense): Dense {
  return { shape: [1, 1, 1, affine.data.length], data: affine.data };
}
