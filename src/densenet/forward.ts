/**
 * The forward pass as a list of dispatches.
 *
 *   image -> 7x7/2 conv -> [bn+relu, 3x3/2 max pool] -> block -> transition -> ... -> block
 *         -> [bn+relu, global average] -> dense -> logits
 *
 * A dense block is one buffer x[b,h,w,C]: layer i reads channels [0,c) and writes [c,c+growthRate), so a
 * concatenation costs nothing. Batch norm and ReLU are the prologue of whatever reads a map ([..] above)
 * and are never stored. In training the statistics of a channel are computed once, when it is produced (by the
 * convolution that produces it, where its kernel can), and shared by every later batch norm of the block: same channel,
 * same mean and variance. In inference the batch norm behind a bottleneck is known beforehand and applied by the
 * convolution that writes it.
 *
 * A transition averages before its 1x1 convolution instead of behind it: both are linear and commute, and the
 * convolution then has a quarter of the pixels. With `keep` it goes in Keras' order, map by map.
 *
 * Without a bottleneck a layer's 3x3 convolution would read and write the block's buffer, which WebGPU forbids
 * within one dispatch. With norms 'layer' it writes to a buffer of its own and the few new channels are copied.
 * With norms 'block' only ReLU stands in front of it, the same for every layer: the block keeps a second buffer
 * of its channels behind ReLU, the convolution reads that one, and the copy goes there.
 */
import type { PlanBuilder } from '../engine/plan/plan.js';
import { channelSlice, elements, imageSlice, partOf, pixels, type Tensor } from '../engine/plan/tensor.js';
import { batchStatistics, type Parts, prepareTraining } from '../shaders/batchnorm/batchnorm.js';
import { type ConvShape, convForward, outputSide } from '../shaders/conv/conv.js';
import { denseForward } from '../shaders/dense/dense.js';
import { pointwise } from '../shaders/pointwise/pointwise.js';
import { averagePoolForward, globalAveragePoolForward, maxPoolForward } from '../shaders/pool/pool.js';
import type { Parameters } from '../training/model/parameters.js';
import type { ForwardMode } from '../training/network.js';
import { type DenseNetConfig, growthName, HEAD_LAYER } from './architecture.js';

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
  /** Averages that the 1x1 convolution reads; it writes into the next block. */
  pooled?: Tensor;
  /** In Keras' order instead: output of the 1x1 convolution, before the average pool. */
  conv?: Tensor;
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

  const training = mode.kind === 'training';
  /** Statistics of a fresh map, unless its producer told them; none in inference. */
  const observe = (label: string, x: Tensor, told?: Parts) =>
    training ? (told ?? batchStatistics(plan, label, x)) : undefined;
  const newStats = (label: string, count: number) =>
    training ? plan.tensor(`${label} stats`, [1, 1, 2, count]) : undefined;
  const statistics = { statistics: training };

  /** @param affine where to put it in training, if not in a tensor of its own */
  const normalise = (
    name: string,
    x: Tensor,
    stats: Tensor | undefined,
    fresh: Parts | undefined,
    affine = training ? plan.tensor(`${name} affine`, [1, 1, 2, x.shape[3]]) : undefined,
  ): RecordedNorm => {
    if (mode.kind === 'inference') return { affine: mode.affine(name) };
    prepareTraining(
      plan,
      name,
      {
        fresh,
        stats: stats!,
        gammaBeta: weight(`${name}/gammaBeta`),
        moving: parameters.view('nextMoving', `${name}/moving`),
        affine: affine!,
      },
      { n: pixels(x), epsilon: config.bnEpsilon, momentum: config.bnMomentum, rule: mode.rule },
    );
    return { affine: affine!, stats };
  };

  const everywhere = config.norms === 'layer';
  const imagenet = config.stem === 'imagenet';
  let h = outputSide(height, stemShape(config));
  let w = outputSide(width, stemShape(config));
  const stem = plan.tensor('conv1/conv', [b, h, w, config.stemChannels], keep);
  const told = convForward(
    plan,
    'conv1/conv',
    { x: image, weights: weight('conv1/conv/kernel'), y: stem },
    stemShape(config),
    { statistics: training && imagenet },
  );
  let stemNorm: RecordedNorm | undefined;
  let argmax: Tensor | undefined;
  if (imagenet) {
    const stats = newStats('conv1/bn', config.stemChannels);
    stemNorm = normalise('conv1/bn', stem, stats, observe('conv1/bn', stem, told));
    h = outputSide(h, STEM_POOL);
    w = outputSide(w, STEM_POOL);
    argmax = plan.tensor('pool1 argmax', [b, h, w, config.stemChannels]);
  }
  const blocks: RecordedBlock[] = [];
  const transitions: RecordedTransition[] = [];
  let channels = config.stemChannels;

  /** Batch norm and nothing else, from a map of its own into the block's first channels. */
  const enter = (name: string, x: Tensor, y: Tensor): RecordedEntrance => {
    const norm = normalise(name, x, newStats(name, x.shape[3]), observe(name, x));
    pointwise(plan, name, { x, affine: norm.affine, y });
    return { name, x, norm };
  };

  for (const [block, count] of config.blocks.entries()) {
    const last = block === config.blocks.length - 1;
    const wide = channels + count * config.growthRate;
    const features = plan.tensor(`block${block + 2}`, [b, h, w, wide], keep || last);
    const activated = everywhere ? undefined : plan.tensor(`block${block + 2} relu`, features.shape, keep);
    const stats = everywhere ? newStats(`block${block + 2}`, wide) : undefined;
    /** Of the channels produced last; the next batch norm joins them. */
    let fresh: Parts | undefined;
    const produced = (from: number, size: number, told?: Parts) => {
      const x = channelSlice(features, from, size);
      if (everywhere) fresh = observe(`block${block + 2}`, x, told);
      if (!activated) return;
      pointwise(
        plan,
        `block${block + 2} relu`,
        { x, y: channelSlice(activated, from, size) },
        { relu: true },
      );
    };
    const norms = bottlenecks(plan, config, [b, h, w], training && !keep ? count : 1);

    const start = channelSlice(features, 0, channels);
    let input: string;
    let entrance: RecordedEntrance | undefined;
    let startTold: Parts | undefined;
    if (block > 0 && transitions[block - 1].pooled) {
      const { name, pooled } = transitions[block - 1];
      input = `${name}_pool`;
      const weights = weight(`${name}_conv/kernel`);
      startTold = convForward(plan, `${name}_conv`, { x: pooled!, weights, y: start }, POINT, statistics);
    } else if (block > 0) {
      const conv = transitions[block - 1].conv!;
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
    produced(0, channels, startTold);

    const layers: RecordedLayer[] = [];
    for (let index = 0; index < count; index++) {
      const name = layerName(block, index);
      const x = channelSlice(features, 0, channels);
      const norm0 = everywhere
        ? normalise(`${name}_0_bn`, x, stats && channelSlice(stats, 0, channels), fresh)
        : undefined;
      const grown = channelSlice(features, channels, config.growthRate);
      const growth = growthName(config, name);
      const weights = weight(`${growth}/kernel`);
      let bottleneck: Tensor;
      let norm1: RecordedNorm | undefined;
      let told: Parts | undefined;
      if (config.bottleneck > 0) {
        const inner = config.bottleneck * config.growthRate;
        const place = norms(`${name}_1`, keep);
        bottleneck = place.x;
        const after =
          training || keep ? undefined : normalise(`${name}_1_bn`, bottleneck, undefined, undefined);
        const tensors = { x, weights: weight(`${name}_1_conv/kernel`), affine: norm0?.affine, y: bottleneck };
        const made = convForward(
          plan,
          `${name}_1_conv`,
          { ...tensors, after: after?.affine },
          POINT,
          statistics,
        );
        if (!after) {
          const stats1 = newStats(`${name}_1_bn`, inner);
          const fresh1 = observe(`${name}_1_bn`, bottleneck, made);
          norm1 = normalise(`${name}_1_bn`, bottleneck, stats1, fresh1, place.affine);
        }
        const affine = norm1?.affine;
        told = convForward(plan, growth, { x: bottleneck, weights, affine, y: grown }, GROWTH, statistics);
      } else if (activated) {
        bottleneck = grown;
        convForward(plan, growth, { x: channelSlice(activated, 0, channels), weights, y: grown }, GROWTH);
      } else {
        bottleneck = plan.tensor(growth, grown.shape, keep);
        const tensors = { x, weights, affine: norm0?.affine, y: bottleneck };
        told = convForward(plan, growth, tensors, GROWTH, statistics);
        pointwise(plan, `${name}_concat`, { x: bottleneck, y: grown });
      }
      produced(channels, config.growthRate, told);
      layers.push({ name, channels, norm0, bottleneck, norm1 });
      channels += config.growthRate;
    }
    blocks.push({ input, features, activated, entrance, layers });

    if (last) {
      const finalNorm = everywhere ? normalise('bn', features, stats, fresh) : undefined;
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
    const norm = everywhere ? normalise(`${name}_bn`, features, stats, fresh) : undefined;
    channels = Math.floor(channels * config.compression);
    const [halfH, halfW] = [outputSide(h, HALVE), outputSide(w, HALVE)];
    if (norm && !keep) {
      const pooled = plan.tensor(`${name}_pool`, [b, halfH, halfW, features.shape[3]]);
      averagePoolForward(plan, `${name}_pool`, { x: features, affine: norm.affine, y: pooled }, HALVE);
      transitions.push({ name, norm, pooled });
    } else {
      const conv = plan.tensor(`${name}_conv`, [b, h, w, channels], keep);
      const weights = weight(`${name}_conv/kernel`);
      convForward(plan, `${name}_conv`, { x: features, weights, affine: norm?.affine, y: conv }, POINT);
      transitions.push({ name, norm, conv });
    }
    [h, w] = [halfH, halfW];
  }
  throw new RangeError('A DenseNet has at least one block.');
}

/**
 * Memory of a block's bottlenecks, and of the affines behind them in training. All layers of a block (as many as one
 * binding holds) lie side by side, so that the gradients of their 3x3 weights can share a dispatch.
 * @param together layers that should lie side by side
 */
function bottlenecks(
  plan: PlanBuilder,
  config: DenseNetConfig,
  [b, h, w]: readonly [number, number, number],
  together: number,
): (name: string, keep: boolean) => { x: Tensor; affine?: Tensor } {
  const inner = config.bottleneck * config.growthRate;
  const { maxStorageBufferBindingSize, minStorageBufferOffsetAlignment } = plan.gpu.device.limits;
  const fit = Math.floor(maxStorageBufferBindingSize / (4 * elements([b, h, w, inner])));
  const aligned = (8 * inner) % minStorageBufferOffsetAlignment === 0;
  const size = together > 1 && aligned ? Math.max(1, Math.min(together, fit)) : 1;
  let next = 0;
  let group: { x: Tensor; affine: Tensor } | undefined;
  return (name, keep) => {
    if (size === 1) return { x: plan.tensor(`${name}_conv`, [b, h, w, inner], keep) };
    const index = next++ % size;
    if (index === 0 || !group) {
      group = {
        x: plan.tensor(`${name}_conv and on`, [size * b, h, w, inner]),
        affine: plan.tensor(`${name}_bn affine and on`, [size, 1, 2, inner]),
      };
    }
    const storage = partOf(group.affine.storage, index * 8 * inner, 8 * inner);
    return {
      x: imageSlice(group.x, index * b, b),
      affine: { ...group.affine, storage, shape: [1, 1, 2, inner] },
    };
  };
}
