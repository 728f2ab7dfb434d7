/**
 * The forward pass as a list of dispatches.
 *
 *   image -> 7x7/2 conv -> [bn+relu, 3x3/2 max pool] -> block -> transition -> ... -> block
 *         -> [bn+relu, global average] -> dense -> logits
 *
 * A dense block is one buffer x[b,h,w,C]: layer i reads channels [0,c) and writes [c,c+growthRate), so a
 * concatenation costs nothing. Batch norm and ReLU are the prologue of whatever reads a map ([..] above)
 * and are never stored. In training the statistics of a channel are computed once, when it is produced,
 * and shared by every later batch norm of the block: same channel, same mean and variance.
 */
import type { PlanBuilder } from '../engine/plan.js';
import { channelSlice, pixels, type Tensor } from '../engine/tensor.js';
import { batchStatistics, type MovingVarianceRule, prepareTraining } from '../shaders/batchnorm/batchnorm.js';
import { convForward, outputSide } from '../shaders/conv/conv.js';
import { denseForward } from '../shaders/dense/dense.js';
import { averagePoolForward, globalAveragePoolForward, maxPoolForward } from '../shaders/pool/pool.js';
import { type DenseNetConfig, HEAD_LAYER } from './architecture.js';
import type { Parameters } from './parameters.js';

export const STEM = { kernel: 7, stride: 2, pad: 3 } as const;
export const STEM_POOL = { kernel: 3, stride: 2, pad: 1 } as const;
export const POINT = { kernel: 1, stride: 1, pad: 0 } as const;
export const GROWTH = { kernel: 3, stride: 1, pad: 1 } as const;
export const HALVE = { kernel: 2, stride: 2, pad: 0 } as const;

/** A batch norm as recorded: what it applies and, in training, the statistics behind it. */
export interface RecordedNorm {
  affine: Tensor;
  stats?: Tensor;
}

export interface RecordedLayer {
  name: string;
  /** Channels read: [0, channels) of the block's buffer. */
  channels: number;
  norm0: RecordedNorm;
  /** Output of the 1x1 convolution, bottleneck[b,h,w,4k]. */
  bottleneck: Tensor;
  norm1: RecordedNorm;
}

export interface RecordedBlock {
  /** x[b,h,w,C]: the block's input and, behind it, what its layers appended. */
  features: Tensor;
  layers: RecordedLayer[];
}

export interface RecordedTransition {
  name: string;
  norm: RecordedNorm;
  /** Output of the 1x1 convolution, before the average pool. */
  conv: Tensor;
}

/** Everything the backward pass, Grad-CAM and inspection need of a recorded forward pass. */
export interface RecordedForward {
  image: Tensor;
  stem: Tensor;
  stemNorm: RecordedNorm;
  argmax: Tensor;
  blocks: RecordedBlock[];
  transitions: RecordedTransition[];
  finalNorm: RecordedNorm;
  pooled: Tensor;
  logits: Tensor;
}

export type ForwardMode =
  /** Batch statistics; moving averages take a step. */
  | { kind: 'training'; rule: MovingVarianceRule }
  /** Moving averages, through affines prepared beforehand. */
  | { kind: 'inference'; affine: (batchnorm: string) => Tensor };

/** Name of layer i of block b (both from 0), as Keras counts them. */
export function layerName(block: number, index: number): string {
  return `conv${block + 2}_block${index + 1}`;
}

/**
 * Records the forward pass of a batch.
 * @param image image[b,h,w,inputChannels]; h and w multiples of 32
 * @param keep hold every map until the end, so that it can be read back after a run
 */
export function recordForward(
  plan: PlanBuilder,
  config: DenseNetConfig,
  parameters: Parameters,
  image: Tensor,
  mode: ForwardMode,
  keep = false,
): RecordedForward {
  const [b, height, width] = image.shape;
  const weight = (key: string) => parameters.view('weights', key);

  /** Statistics of freshly produced channels; nothing to do in inference. */
  const observe = (label: string, x: Tensor, stats: Tensor | undefined) => {
    if (stats) batchStatistics(plan, label, { x, stats });
  };
  const newStats = (label: string, count: number) =>
    mode.kind === 'training' ? plan.tensor(`${label} stats`, [1, 1, 2, count]) : undefined;

  const normalise = (name: string, x: Tensor, stats: Tensor | undefined): RecordedNorm => {
    if (mode.kind === 'inference') return { affine: mode.affine(name) };
    const affine = plan.tensor(`${name} affine`, [1, 1, 2, x.shape[3]]);
    prepareTraining(
      plan,
      name,
      {
        stats: stats!,
        gammaBeta: weight(`${name}/gammaBeta`),
        moving: parameters.view('moving', `${name}/moving`),
        affine,
      },
      { n: pixels(x), epsilon: config.bnEpsilon, momentum: config.bnMomentum, rule: mode.rule },
    );
    return { affine, stats };
  };

  let h = outputSide(height, STEM);
  let w = outputSide(width, STEM);
  const stem = plan.tensor('conv1/conv', [b, h, w, config.stemChannels], keep);
  convForward(plan, 'conv1/conv', { x: image, weights: weight('conv1/conv/kernel'), y: stem }, STEM);
  const stemStats = newStats('conv1/bn', config.stemChannels);
  observe('conv1/bn', stem, stemStats);
  const stemNorm = normalise('conv1/bn', stem, stemStats);

  h = outputSide(h, STEM_POOL);
  w = outputSide(w, STEM_POOL);
  const argmax = plan.tensor('pool1 argmax', [b, h, w, config.stemChannels]);
  const blocks: RecordedBlock[] = [];
  const transitions: RecordedTransition[] = [];
  let channels = config.stemChannels;

  for (const [block, count] of config.blocks.entries()) {
    const last = block === config.blocks.length - 1;
    const wide = channels + count * config.growthRate;
    const features = plan.tensor(`block${block + 2}`, [b, h, w, wide], keep || last);
    const stats = newStats(`block${block + 2}`, wide);
    const produced = (from: number, size: number) => {
      observe(
        `block${block + 2}`,
        channelSlice(features, from, size),
        stats && channelSlice(stats, from, size),
      );
    };

    const entrance = channelSlice(features, 0, channels);
    if (block === 0) {
      maxPoolForward(plan, 'pool1', { x: stem, affine: stemNorm.affine, y: entrance, argmax }, STEM_POOL);
    } else {
      const name = `pool${block + 1}_pool`;
      averagePoolForward(plan, name, { x: transitions[block - 1].conv, y: entrance }, HALVE);
    }
    produced(0, channels);

    const layers: RecordedLayer[] = [];
    for (let index = 0; index < count; index++) {
      const name = layerName(block, index);
      const x = channelSlice(features, 0, channels);
      const norm0 = normalise(`${name}_0_bn`, x, stats && channelSlice(stats, 0, channels));
      const bottleneck = plan.tensor(
        `${name}_1_conv`,
        [b, h, w, config.bottleneck * config.growthRate],
        keep,
      );
      convForward(
        plan,
        `${name}_1_conv`,
        { x, weights: weight(`${name}_1_conv/kernel`), affine: norm0.affine, y: bottleneck },
        POINT,
      );
      const stats1 = newStats(`${name}_1_bn`, bottleneck.shape[3]);
      observe(`${name}_1_bn`, bottleneck, stats1);
      const norm1 = normalise(`${name}_1_bn`, bottleneck, stats1);
      const grown = channelSlice(features, channels, config.growthRate);
      convForward(
        plan,
        `${name}_2_conv`,
        { x: bottleneck, weights: weight(`${name}_2_conv/kernel`), affine: norm1.affine, y: grown },
        GROWTH,
      );
      produced(channels, config.growthRate);
      layers.push({ name, channels, norm0, bottleneck, norm1 });
      channels += config.growthRate;
    }
    blocks.push({ features, layers });

    if (last) {
      const finalNorm = normalise('bn', features, stats);
      const pooled = plan.tensor('global_average_pooling2d_1', [b, 1, 1, channels], keep);
      globalAveragePoolForward(plan, 'global_average_pooling2d_1', {
        x: features,
        affine: finalNorm.affine,
        y: pooled,
      });
      const logits = plan.tensor('logits', [b, 1, 1, config.classes], keep);
      denseForward(plan, HEAD_LAYER, {
        x: pooled,
        weights: weight(`${HEAD_LAYER}/kernel`),
        bias: weight(`${HEAD_LAYER}/bias`),
        y: logits,
      });
      return { image, stem, stemNorm, argmax, blocks, transitions, finalNorm, pooled, logits };
    }

    const name = `pool${block + 2}`;
    const norm = normalise(`${name}_bn`, features, stats);
    channels = Math.floor(channels * config.compression);
    const conv = plan.tensor(`${name}_conv`, [b, h, w, channels], keep);
    convForward(
      plan,
      `${name}_conv`,
      { x: features, weights: weight(`${name}_conv/kernel`), affine: norm.affine, y: conv },
      POINT,
    );
    transitions.push({ name, norm, conv });
    h = outputSide(h, HALVE);
    w = outputSide(w, HALVE);
  }
  throw new RangeError('A DenseNet has at least one block.');
}
