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
 *
 * Without a bottleneck a layer's 3x3 convolution would read and write the block's buffer, which WebGPU forbids
 * within one dispatch. With norms 'layer' it writes to a buffer of its own and the few new channels are copied.
 * With norms 'block' only ReLU stands in front of it, the same for every layer: the block keeps a second buffer
 * of its channels behind ReLU, the convolution reads that one, and the copy goes there.
 */
import type { PlanBuilder } from '../engine/plan.js';
import { channelSlice, pixels, type Tensor } from '../engine/tensor.js';
import { batchStatistics, type MovingVarianceRule, prepareTraining } from '../shaders/batchnorm/batchnorm.js';
import { type ConvShape, convForward, outputSide } from '../shaders/conv/conv.js';
import { denseForward } from '../shaders/dense/dense.js';
import { pointwise } from '../shaders/pointwise/pointwise.js';
import { averagePoolForward, globalAveragePoolForward, maxPoolForward } from '../shaders/pool/pool.js';
import { type DenseNetConfig, growthName, HEAD_LAYER } from './architecture.js';
import type { Parameters } from './parameters.js';

const STEM = { kernel: 7, stride: 2, pad: 3 } as const;
export const STEM_POOL = { kernel: 3, stride: 2, pad: 1 } as const;
export const POINT = { kernel: 1, stride: 1, pad: 0 } as const;
export const GROWTH = { kernel: 3, stride: 1, pad: 1 } as const;
export const HALVE = { kernel: 2, stride: 2, pad: 0 } as const;

/** The stem's convolution. */
export function stemShape(config: DenseNetConfig): ConvShape {
  return config.stem === 'imagenet' ? STEM : GROWTH;
}

/** A batch norm as recorded: what it applies and, in training, the statistics behind it. */
export interface RecordedNorm {
  affine: Tensor;
  stats?: Tensor;
}

export interface RecordedLayer {
  name: string;
  /** Channels read: [0, channels) of the block's buffer. */
  channels: number;
  /** Absent with norms 'block'. */
  norm0?: RecordedNorm;
  /** Output of the layer's first convolution: bottleneck[b,h,w,4k], or the k new channels without a bottleneck. */
  bottleneck: Tensor;
  /** Absent without a bottleneck. */
  norm1?: RecordedNorm;
}

/** Batch norm at the entrance of a block, with norms 'block'. */
export interface RecordedEntrance {
  name: string;
  /** x[b,h,w,C0], what it reads. */
  x: Tensor;
  norm: RecordedNorm;
}

export interface RecordedBlock {
  /** Name of the layer that made the block's input. */
  input: string;
  /** x[b,h,w,C]: the block's input and, behind it, what its layers appended. */
  features: Tensor;
  /** relu(features), with norms 'block'. */
  activated?: Tensor;
  entrance?: RecordedEntrance;
  layers: RecordedLayer[];
}

export interface RecordedTransition {
  name: string;
  /** In front of the convolution; absent with norms 'block'. */
  norm?: RecordedNorm;
  /** Output of the 1x1 convolution, before the average pool. */
  conv: Tensor;
}

/** Everything the backward pass, Grad-CAM and inspection need of a recorded forward pass. */
export interface RecordedForward {
  image: Tensor;
  /** Output of the stem's convolution. */
  stem: Tensor;
  /** Of the ImageNet stem. */
  stemNorm?: RecordedNorm;
  argmax?: Tensor;
  blocks: RecordedBlock[];
  transitions: RecordedTransition[];
  /** Absent with norms 'block'. */
  finalNorm?: RecordedNorm;
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
 * @param image image[b,h,w,inputChannels]; h and w multiples of `sizeMultiple(config)`
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

  const everywhere = config.norms === 'layer';
  const imagenet = config.stem === 'imagenet';
  let h = outputSide(height, stemShape(config));
  let w = outputSide(width, stemShape(config));
  const stem = plan.tensor('conv1/conv', [b, h, w, config.stemChannels], keep);
  convForward(
    plan,
    'conv1/conv',
    { x: image, weights: weight('conv1/conv/kernel'), y: stem },
    stemShape(config),
  );
  let stemNorm: RecordedNorm | undefined;
  let argmax: Tensor | undefined;
  if (imagenet) {
    const stats = newStats('conv1/bn', config.stemChannels);
    observe('conv1/bn', stem, stats);
    stemNorm = normalise('conv1/bn', stem, stats);
    h = outputSide(h, STEM_POOL);
    w = outputSide(w, STEM_POOL);
    argmax = plan.tensor('pool1 argmax', [b, h, w, config.stemChannels]);
  }
  const blocks: RecordedBlock[] = [];
  const transitions: RecordedTransition[] = [];
  let channels = config.stemChannels;

  /** Batch norm and nothing else, from a map of its own into the block's first channels. */
  const enter = (name: string, x: Tensor, y: Tensor): RecordedEntrance => {
    const stats = newStats(name, x.shape[3]);
    observe(name, x, stats);
    const norm = normalise(name, x, stats);
    pointwise(plan, name, { x, affine: norm.affine, y });
    return { name, x, norm };
  };

  for (const [block, count] of config.blocks.entries()) {
    const last = block === config.blocks.length - 1;
    const wide = channels + count * config.growthRate;
    const features = plan.tensor(`block${block + 2}`, [b, h, w, wide], keep || last);
    const activated = everywhere ? undefined : plan.tensor(`block${block + 2} relu`, features.shape, keep);
    const stats = everywhere ? newStats(`block${block + 2}`, wide) : undefined;
    const produced = (from: number, size: number) => {
      const x = channelSlice(features, from, size);
      observe(`block${block + 2}`, x, stats && channelSlice(stats, from, size));
      if (!activated) return;
      pointwise(
        plan,
        `block${block + 2} relu`,
        { x, y: channelSlice(activated, from, size) },
        { relu: true },
      );
    };

    const start = channelSlice(features, 0, channels);
    let input: string;
    let entrance: RecordedEntrance | undefined;
    if (block > 0) {
      const { conv } = transitions[block - 1];
      const pool = `pool${block + 1}_pool`;
      const y = everywhere ? start : plan.tensor(pool, start.shape, keep);
      averagePoolForward(plan, pool, { x: conv, y }, HALVE);
      if (!everywhere) entrance = enter(`pool${block + 1}_bn`, y, start);
      input = entrance?.name ?? pool;
    } else if (imagenet) {
      input = 'pool1';
      const affine = stemNorm!.affine;
      maxPoolForward(plan, input, { x: stem, affine, y: start, argmax: argmax! }, STEM_POOL);
    } else {
      if (everywhere) pointwise(plan, 'conv1/conv', { x: stem, y: start });
      else entrance = enter('conv1/bn', stem, start);
      input = entrance?.name ?? 'conv1/conv';
    }
    produced(0, channels);

    const layers: RecordedLayer[] = [];
    for (let index = 0; index < count; index++) {
      const name = layerName(block, index);
      const x = channelSlice(features, 0, channels);
      const norm0 = everywhere
        ? normalise(`${name}_0_bn`, x, stats && channelSlice(stats, 0, channels))
        : undefined;
      const grown = channelSlice(features, channels, config.growthRate);
      const growth = growthName(config, name);
      const weights = weight(`${growth}/kernel`);
      let bottleneck: Tensor;
      let norm1: RecordedNorm | undefined;
      if (config.bottleneck > 0) {
        const inner = config.bottleneck * config.growthRate;
        bottleneck = plan.tensor(`${name}_1_conv`, [b, h, w, inner], keep);
        convForward(
          plan,
          `${name}_1_conv`,
          { x, weights: weight(`${name}_1_conv/kernel`), affine: norm0?.affine, y: bottleneck },
          POINT,
        );
        const stats1 = newStats(`${name}_1_bn`, inner);
        observe(`${name}_1_bn`, bottleneck, stats1);
        norm1 = normalise(`${name}_1_bn`, bottleneck, stats1);
        convForward(plan, growth, { x: bottleneck, weights, affine: norm1.affine, y: grown }, GROWTH);
      } else if (activated) {
        bottleneck = grown;
        convForward(plan, growth, { x: channelSlice(activated, 0, channels), weights, y: grown }, GROWTH);
      } else {
        bottleneck = plan.tensor(growth, grown.shape, keep);
        convForward(plan, growth, { x, weights, affine: norm0?.affine, y: bottleneck }, GROWTH);
        pointwise(plan, `${name}_concat`, { x: bottleneck, y: grown });
      }
      produced(channels, config.growthRate);
      layers.push({ name, channels, norm0, bottleneck, norm1 });
      channels += config.growthRate;
    }
    blocks.push({ input, features, activated, entrance, layers });

    if (last) {
      const finalNorm = everywhere ? normalise('bn', features, stats) : undefined;
      const pooled = plan.tensor('global_average_pooling2d_1', [b, 1, 1, channels], keep);
      globalAveragePoolForward(plan, 'global_average_pooling2d_1', {
        x: activated ?? features,
        affine: finalNorm?.affine,
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
    const norm = everywhere ? normalise(`${name}_bn`, features, stats) : undefined;
    channels = Math.floor(channels * config.compression);
    const conv = plan.tensor(`${name}_conv`, [b, h, w, channels], keep);
    convForward(
      plan,
      `${name}_conv`,
      { x: features, weights: weight(`${name}_conv/kernel`), affine: norm?.affine, y: conv },
      POINT,
    );
    transitions.push({ name, norm, conv });
    h = outputSide(h, HALVE);
    w = outputSide(w, HALVE);
  }
  throw new RangeError('A DenseNet has at least one block.');
}
