/**
 * The backward pass as a list of dispatches: gradients of all trainable tensors from dlogits.
 *
 * A block has one gradient buffer G[b,h,w,C], laid out as its features. The last reader of the block
 * (transition or head) overwrites all of it; then the layers, last to first, each take their own
 * channels [c,c+growthRate) of G, complete by then, and add what they pass on to channels [0,c).
 * What is left in channels [0,C0) is the gradient of the block's input.
 *
 * With norms 'block' a reader of the block passes ReLU only; the batch norm at a block's entrance is behind it.
 */
import type { PlanBuilder } from '../engine/plan.js';
import { channelSlice, type Tensor } from '../engine/tensor.js';
import { batchnormBackward } from '../shaders/batchnorm/batchnorm.js';
import { type ConvShape, convBackwardData, convBackwardWeights } from '../shaders/conv/conv.js';
import { denseBackwardData, denseBackwardWeights } from '../shaders/dense/dense.js';
import { reluBackward } from '../shaders/pointwise/pointwise.js';
import { averagePoolBackward, globalAveragePoolBackward, maxPoolBackward } from '../shaders/pool/pool.js';
import { type DenseNetConfig, growthName, HEAD_LAYER } from './architecture.js';
import {
  GROWTH,
  HALVE,
  POINT,
  type RecordedBlock,
  type RecordedForward,
  type RecordedNorm,
  STEM_POOL,
  stemShape,
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

  /**
   * Through ReLU and the batch norm in front of it, if there is one: da is the gradient behind them, dx the one
   * in front. `relu: false`: through a batch norm alone.
   */
  const throughNorm = (
    name: string,
    norm: RecordedNorm | undefined,
    x: Tensor,
    da: Tensor,
    dx: Tensor,
    { accumulate = false, relu = true } = {},
  ) => {
    if (!norm) return reluBackward(plan, name, { x, dy: da, dx }, { accumulate });
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
      { epsilon: config.bnEpsilon, accumulate, relu },
    );
  };

  const throughBlock = ({ features, activated, layers }: RecordedBlock, g: Tensor) => {
    for (const { name, channels, norm0, bottleneck, norm1 } of [...layers].reverse()) {
      let dy = channelSlice(g, channels, config.growthRate);
      let [first, shape]: [string, ConvShape] = [growthName(config, name), GROWTH];
      if (norm1) {
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
        dy = temporary(`${name}_1_conv gradient`, bottleneck);
        throughNorm(`${name}_1_bn`, norm1, bottleneck, behind1, dy);
        [first, shape] = [`${name}_1_conv`, POINT];
      }
      const x = channelSlice(features, 0, channels);
      const read = activated ? channelSlice(activated, 0, channels) : x;
      convBackwardWeights(
        plan,
        first,
        { x: read, affine: norm0?.affine, dy, dw: gradient(`${first}/kernel`) },
        shape,
      );
      const behind0 = temporary(`${name}_0_relu gradient`, x);
      convBackwardData(plan, first, { dy, weights: weight(`${first}/kernel`), dx: behind0 }, shape);
      throughNorm(`${name}_0_bn`, norm0, x, behind0, channelSlice(g, 0, channels), { accumulate: true });
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
    if (arriving === null) {
      const behind = temporary(`block${block + 2} relu gradient`, features);
      globalAveragePoolBackward(plan, 'global_average_pooling2d_1', { dy: dpooled, dx: behind });
      throughNorm('bn', forward.finalNorm, features, behind, g);
    } else {
      const { name, norm, conv } = forward.transitions[block];
      const dconv = temporary(`${name}_conv gradient`, conv);
      averagePoolBackward(plan, `${name}_pool`, { dy: arriving, dx: dconv }, HALVE);
      const dw = gradient(`${name}_conv/kernel`);
      convBackwardWeights(plan, `${name}_conv`, { x: features, affine: norm?.affine, dy: dconv, dw }, POINT);
      const weights = weight(`${name}_conv/kernel`);
      // Without a batch norm the transition has no ReLU either.
      const behind = norm ? temporary(`block${block + 2} relu gradient`, features) : g;
      convBackwardData(plan, `${name}_conv`, { dy: dconv, weights, dx: behind }, POINT);
      if (norm) throughNorm(`${name}_bn`, norm, features, behind, g);
    }
    throughBlock(forward.blocks[block], g);
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
