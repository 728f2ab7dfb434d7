/**
 * The backward pass as a list of dispatches: gradients of all trainable tensors from dlogits.
 *
 * A block has one gradient buffer G[b,h,w,C], laid out as its features. The last reader of the block
 * (transition or head) overwrites all of it; then the layers, last to first, each take their own
 * channels [c,c+growthRate) of G, complete by then, and add what they pass on to channels [0,c).
 * What is left in channels [0,C0) is the gradient of the block's input.
 */
import type { PlanBuilder } from '../engine/plan.js';
import { channelSlice, type Tensor } from '../engine/tensor.js';
import { batchnormBackward } from '../shaders/batchnorm/batchnorm.js';
import { convBackwardData, convBackwardWeights } from '../shaders/conv/conv.js';
import { denseBackwardData, denseBackwardWeights } from '../shaders/dense/dense.js';
import { averagePoolBackward, globalAveragePoolBackward, maxPoolBackward } from '../shaders/pool/pool.js';
import { type DenseNetConfig, HEAD_LAYER } from './architecture.js';
import {
  GROWTH,
  HALVE,
  POINT,
  type RecordedBlock,
  type RecordedForward,
  type RecordedNorm,
  STEM,
  STEM_POOL,
} from './forward.js';
import type { Parameters } from './parameters.js';

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

  /** Through ReLU and batch norm: da is the gradient behind them, dx the one in front. */
  const throughNorm = (
    name: string,
    norm: RecordedNorm,
    x: Tensor,
    da: Tensor,
    dx: Tensor,
    accumulate: boolean,
  ) =>
    batchnormBackward(
      plan,
      name,
      {
        x,
        da,
        affine: norm.affine,
        stats: channelSlice(norm.stats!, 0, x.shape[3]),
        dgammaBeta: gradient(`${name}/gammaBeta`),
        dx,
      },
      { epsilon: config.bnEpsilon, accumulate },
    );

  const throughBlock = ({ features, layers }: RecordedBlock, g: Tensor) => {
    for (const { name, channels, norm0, bottleneck, norm1 } of [...layers].reverse()) {
      const dy = channelSlice(g, channels, config.growthRate);
      convBackwardWeights(
        plan,
        `${name}_2_conv`,
        { x: bottleneck, affine: norm1.affine, dy, dw: gradient(`${name}_2_conv/kernel`) },
        GROWTH,
      );
      const behind1 = temporary(`${name}_1_relu gradient`, bottleneck);
      convBackwardData(
        plan,
        `${name}_2_conv`,
        { dy, weights: weight(`${name}_2_conv/kernel`), dx: behind1 },
        GROWTH,
      );
      const inFront1 = temporary(`${name}_1_conv gradient`, bottleneck);
      throughNorm(`${name}_1_bn`, norm1, bottleneck, behind1, inFront1, false);

      const x = channelSlice(features, 0, channels);
      convBackwardWeights(
        plan,
        `${name}_1_conv`,
        { x, affine: norm0.affine, dy: inFront1, dw: gradient(`${name}_1_conv/kernel`) },
        POINT,
      );
      const behind0 = temporary(`${name}_0_relu gradient`, x);
      convBackwardData(
        plan,
        `${name}_1_conv`,
        { dy: inFront1, weights: weight(`${name}_1_conv/kernel`), dx: behind0 },
        POINT,
      );
      throughNorm(`${name}_0_bn`, norm0, x, behind0, channelSlice(g, 0, channels), true);
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

  let entrance: Tensor | null = null; // gradient of the input of the block behind
  for (let block = forward.blocks.length - 1; block >= 0; block--) {
    const { features } = forward.blocks[block];
    const g = temporary(`block${block + 2} gradient`, features);
    const behind = temporary(`block${block + 2} relu gradient`, features);
    if (entrance === null) {
      globalAveragePoolBackward(plan, 'global_average_pooling2d_1', { dy: dpooled, dx: behind });
      throughNorm('bn', forward.finalNorm, features, behind, g, false);
    } else {
      const { name, norm, conv } = forward.transitions[block];
      const dconv = temporary(`${name}_conv gradient`, conv);
      averagePoolBackward(plan, `${name}_pool`, { dy: entrance, dx: dconv }, HALVE);
      const dw = gradient(`${name}_conv/kernel`);
      convBackwardWeights(plan, `${name}_conv`, { x: features, affine: norm.affine, dy: dconv, dw }, POINT);
      const weights = weight(`${name}_conv/kernel`);
      convBackwardData(plan, `${name}_conv`, { dy: dconv, weights, dx: behind }, POINT);
      throughNorm(`${name}_bn`, norm, features, behind, g, false);
    }
    throughBlock(forward.blocks[block], g);
    entrance = channelSlice(g, 0, forward.blocks[block].layers[0].channels);
  }

  const behindStem = temporary('conv1/relu gradient', forward.stem);
  maxPoolBackward(plan, 'pool1', { dy: entrance!, argmax: forward.argmax, dx: behindStem }, STEM_POOL);
  const dstem = temporary('conv1/conv gradient', forward.stem);
  throughNorm('conv1/bn', forward.stemNorm, forward.stem, behindStem, dstem, false);
  convBackwardWeights(
    plan,
    'conv1/conv',
    { x: forward.image, dy: dstem, dw: gradient('conv1/conv/kernel') },
    STEM,
  );
}
