/**
 * The backward pass as a list of dispatches: gradients of all trainable tensors from dlogits.
 *
 * A block has one gradient buffer G[b,h,w,C], laid out as its features, in which all readers of the block gather what
 * they pass on: first the last one (transition or head), which overwrites all of it, then the layers, last to first,
 * which add to the channels [0,c) they read. What batch norm's means take off is taken off once a channel, when its
 * last reader is done (batchnorm.backwardFinalise): for the growthRate channels that the layer before made, which
 * then goes backward from them, and at the end for channels [0,C0), the gradient of the block's input.
 *
 * With norms 'block' a reader of the block passes ReLU only; the batch norm at a block's entrance is behind it.
 */
import type { PlanBuilder } from '../engine/plan/plan.js';
import { channelSlice, type Storage, type Tensor } from '../engine/plan/tensor.js';
import {
  backwardApply,
  backwardFinalise,
  type NormTensors,
  reluBackwardAndSums,
} from '../shaders/batchnorm/batchnorm.js';
import {
  type ConvShape,
  convBackwardData,
  convBackwardThroughNorm,
  convBackwardWeights,
  convBackwardWeightsOfLayers,
} from '../shaders/conv/conv.js';
import { denseBackwardData, denseBackwardWeights } from '../shaders/dense/dense.js';
import { reluBackward } from '../shaders/pointwise/pointwise.js';
import { averagePoolBackward, globalAveragePoolBackward, maxPoolBackward } from '../shaders/pool/pool.js';
import type { Parameters } from '../training/model/parameters.js';
import { type DenseNetConfig, growthName, HEAD_LAYER } from './architecture.js';
import {
  GROWTH,
  HALVE,
  POINT,
  type RecordedBlock,
  type RecordedForward,
  type RecordedLayer,
  type RecordedNorm,
  STEM_POOL,
  stemShape,
} from './forward.js';

/**
 * Records the backward pass behind a forward pass in training mode; gradients land in the parameters'
 * gradient buffer.
 * @param dlogits gradient of the loss with respect to the logits, [b,1,1,classes]
 */
export function recordBackward(
  plan: PlanBuilder,
  config: DenseNetConfig,
  parameters: Parameters,
  forward: RecordedForward,
  dlogits: Tensor,
): void {
  const weight = (key: string) => parameters.view('weights', key);
  const gradient = (key: string) => parameters.view('gradients', key);
  const temporary = (label: string, like: Tensor) => plan.tensor(label, like.shape);

  const epsilon = config.bnEpsilon;
  const normOf = (norm: RecordedNorm, x: Tensor): NormTensors => ({
    x,
    affine: norm.affine,
    stats: channelSlice(norm.stats!, 0, x.shape[3]),
  });

  /** Through a batch norm that alone reads its map; da is the gradient behind its ReLU, or behind itself without. */
  const throughNorm = (
    name: string,
    norm: RecordedNorm,
    x: Tensor,
    da: Tensor,
    dx: Tensor,
    { relu = true } = {},
  ) => {
    const dz = temporary(`${name} dz`, x);
    const tensors = normOf(norm, x);
    const parts = reluBackwardAndSums(
      plan,
      name,
      { ...tensors, da, dx: dz },
      { epsilon, mode: 'gradient', relu },
    );
    const dgammaBeta = gradient(`${name}/gammaBeta`);
    backwardApply(plan, name, { ...tensors, dz, parts, dgammaBeta, dx }, { epsilon });
  };

  /** The last reader of a block, a batch norm with averages behind it, overwrites g. */
  const lastReader = (
    name: string,
    norm: RecordedNorm,
    features: Tensor,
    da: Tensor,
    g: Tensor,
    sums: Tensor,
  ) => {
    const tensors = normOf(norm, features);
    const parts = reluBackwardAndSums(plan, name, { ...tensors, da, dx: g }, { epsilon, mode: 'scaled' });
    const done = features.shape[3] - config.growthRate;
    const dgammaBeta = gradient(`${name}/gammaBeta`);
    backwardFinalise(plan, name, { ...tensors, parts, sums, dgammaBeta, g }, { epsilon, done, first: true });
  };

  const throughBlock = ({ features, activated, layers }: RecordedBlock, g: Tensor, sums: Tensor) => {
    for (const [index, { name, channels, norm0, bottleneck, norm1 }] of [...layers.entries()].reverse()) {
      let dy = channelSlice(g, channels, config.growthRate);
      let [first, shape]: [string, ConvShape] = [growthName(config, name), GROWTH];
      if (norm1) {
        const norm = normOf(norm1, bottleneck);
        const dz = temporary(`${name}_1_bn dz`, bottleneck);
        const weights = weight(`${name}_2_conv/kernel`);
        const mode = 'gradient' as const;
        const through = { dy, weights, norm, dx: dz };
        const parts = convBackwardThroughNorm(plan, `${name}_2_conv`, through, GROWTH, { epsilon, mode });
        dy = temporary(`${name}_1_conv gradient`, bottleneck);
        const dgammaBeta = gradient(`${name}_1_bn/gammaBeta`);
        backwardApply(plan, `${name}_1_bn`, { ...norm, dz, parts, dgammaBeta, dx: dy }, { epsilon });
        [first, shape] = [`${name}_1_conv`, POINT];
      }
      const x = channelSlice(features, 0, channels);
      const gathered = channelSlice(g, 0, channels);
      const read = activated ? channelSlice(activated, 0, channels) : x;
      const dw = gradient(`${first}/kernel`);
      convBackwardWeights(plan, first, { x: read, affine: norm0?.affine, dy, dw }, shape);
      const weights = weight(`${first}/kernel`);
      if (!norm0) {
        const behind = temporary(`${name}_0_relu gradient`, x);
        convBackwardData(plan, first, { dy, weights, dx: behind }, shape);
        reluBackward(plan, `${name}_0_relu`, { x, dy: behind, dx: gathered }, { accumulate: true });
        continue;
      }
      const norm = normOf(norm0, x);
      const mode = 'gathered' as const;
      const parts = convBackwardThroughNorm(plan, first, { dy, weights, norm, dx: gathered }, shape, {
        epsilon,
        mode,
      });
      const done = index === 0 ? 0 : channels - config.growthRate;
      const dgammaBeta = gradient(`${name}_0_bn/gammaBeta`);
      const ending = { ...norm, parts, sums, dgammaBeta, g: gathered };
      backwardFinalise(plan, `${name}_0_bn`, ending, { epsilon, done, first: false });
    }
    growthWeights(layers, g);
  };

  /** Weights of a block's 3x3 convolutions behind bottlenecks: those that lie side by side in one dispatch. */
  const growthWeights = (layers: readonly RecordedLayer[], g: Tensor) => {
    const groups = new Map<Storage, RecordedLayer[]>();
    for (const layer of layers) {
      if (!layer.norm1) return;
      const { storage } = layer.bottleneck;
      groups.set(storage, [...(groups.get(storage) ?? []), layer]);
    }
    for (const group of groups.values()) {
      const tensors = group.map(({ name, channels, bottleneck, norm1 }) => ({
        x: bottleneck,
        affine: norm1!.affine,
        dy: channelSlice(g, channels, config.growthRate),
        dw: gradient(`${name}_2_conv/kernel`),
      }));
      const label = group.length > 1 ? `${group[0].name}_2_conv and on` : `${group[0].name}_2_conv`;
      convBackwardWeightsOfLayers(plan, label, tensors, GROWTH);
    }
  };

  denseBackwardWeights(plan, HEAD_LAYER, {
    x: forward.pooled,
    dy: dlogits,
    dw: gradient(`${HEAD_LAYER}/kernel`),
    db: gradient(`${HEAD_LAYER}/bias`),
  });
  const dpooled = temporary('global_average_pooling2d_1 gradient', forward.pooled);
  denseBackwardData(plan, HEAD_LAYER, { dy: dlogits, weights: weight(`${HEAD_LAYER}/kernel`), dx: dpooled });

  let arriving: Tensor | null = null; // gradient of what the pooling in front of the block behind made
  for (let block = forward.blocks.length - 1; block >= 0; block--) {
    const { features, entrance, layers } = forward.blocks[block];
    const g = temporary(`block${block + 2} gradient`, features);
    const sums = plan.tensor(`block${block + 2} sums`, [1, 1, 2, features.shape[3]]);
    if (arriving === null) {
      if (forward.finalNorm) {
        lastReader('bn', forward.finalNorm, features, dpooled, g, sums);
      } else {
        const behind = temporary(`block${block + 2} relu gradient`, features);
        globalAveragePoolBackward(plan, 'global_average_pooling2d_1', { dy: dpooled, dx: behind });
        reluBackward(plan, 'relu', { x: features, dy: behind, dx: g }, { accumulate: false });
      }
    } else {
      const { name, norm, pooled, conv } = forward.transitions[block];
      const weights = weight(`${name}_conv/kernel`);
      const dw = gradient(`${name}_conv/kernel`);
      if (pooled) {
        convBackwardWeights(plan, `${name}_conv`, { x: pooled, dy: arriving, dw }, POINT);
        const da = temporary(`${name}_pool gradient`, pooled);
        convBackwardData(plan, `${name}_conv`, { dy: arriving, weights, dx: da }, POINT);
        lastReader(`${name}_bn`, norm!, features, da, g, sums);
      } else {
        // Without a batch norm the transition has no ReLU either.
        const dconv = temporary(`${name}_conv gradient`, conv!);
        averagePoolBackward(plan, `${name}_pool`, { dy: arriving, dx: dconv }, HALVE);
        convBackwardWeights(plan, `${name}_conv`, { x: features, dy: dconv, dw }, POINT);
        convBackwardData(plan, `${name}_conv`, { dy: dconv, weights, dx: g }, POINT);
      }
    }
    throughBlock(forward.blocks[block], g, sums);
    arriving = channelSlice(g, 0, layers[0].channels);
    if (entrance) {
      const dx = temporary(`${entrance.name} gradient`, entrance.x);
      throughNorm(entrance.name, entrance.norm, entrance.x, arriving, dx, { relu: false });
      arriving = dx;
    }
  }

  let dstem = arriving!;
  if (forward.stemNorm) {
    const behindStem = temporary('conv1/relu gradient', forward.stem);
    maxPoolBackward(plan, 'pool1', { dy: dstem, argmax: forward.argmax!, dx: behindStem }, STEM_POOL);
    dstem = temporary('conv1/conv gradient', forward.stem);
    throughNorm('conv1/bn', forward.stemNorm, forward.stem, behindStem, dstem);
  }
  convBackwardWeights(
    plan,
    'conv1/conv',
    { x: forward.image, dy: dstem, dw: gradient('conv1/conv/kernel') },
    stemShape(config),
  );
}
