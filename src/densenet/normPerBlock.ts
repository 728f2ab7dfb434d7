/**
 * The parts of a network with norms 'block', DenseNet-40-12 for CIFAR-10: one batch norm at the entrance of each block
 * and no other, no bottleneck, and a ReLU alone in front of every convolution of a block.
 *
 *   stem        3x3 conv -> bn -> first channels of the block
 *   dense layer relu -> 3x3 conv -> the next channels
 *   transition  1x1 conv -> 2x2/2 average pool -> bn -> first channels of the next block
 *   head        relu -> global average -> dense -> logits
 *
 * A convolution must not read and write the block's buffer within one dispatch (WebGPU forbids it), and here all layers
 * read the same ReLU of it: the block keeps a second buffer of its channels behind ReLU, which the convolutions read.
 * Backward a reader of the block passes ReLU only; the batch norm at a block's entrance is behind it.
 */
import { channelSlice, type Tensor } from '../engine/plan/tensor.js';
import { pointwise } from '../shaders/pointwise/pointwise.js';
import { averagePoolForward } from '../shaders/pool/pool.js';
import { Block, type BlockPlan } from './block.js';
import { type RecordedHead, recordClassifier } from './head.js';
import type { LayerGroup, Operation } from './layerGroups.js';
import { ownNormBackward, recordOwnNorm } from './norm.js';
import {
  convolve,
  kernelGradient,
  kernelOf,
  outputOf,
  type Pass,
  type RecordedPart,
  tensorLike,
} from './pass.js';

/** A block and, beside it, its channels behind ReLU. */
export class ActivatedBlock extends Block {
  /** relu(features) */
  readonly activated: Tensor;

  constructor(pass: Pass, blockPlan: BlockPlan) {
    super(pass, blockPlan);
    this.activated = pass.plan.tensor(`${this.label} relu`, this.features.shape, pass.keep);
  }

  /** The channels x, of `next`, are written. */
  produced(x: Tensor): void {
    const y = channelSlice(this.activated, x.channelOffset, x.shape[3]);
    pointwise(this.pass.plan, `${this.label} relu`, { x, y }, { relu: true });
    this.add(x);
  }

  /**
   * Back through the ReLU in front of the head, the last reader; it overwrites G.
   * @param dpooled of the averages; none where nothing in front learns
   */
  headBackward(pool: Operation, dpooled: Tensor | undefined): void {
    if (!dpooled) return;
    const { plan } = this.pass;
    const da = tensorLike(this.pass, `${this.label} relu gradient`, this.features);
    this.pass.kernels!.globalAveragePoolBackward(plan, pool.layer.name, { dy: dpooled, dx: da });
    const dx = this.openGradient();
    this.pass.kernels!.reluBackward(
      plan,
      pool.relu!.name,
      { x: this.features, dy: da, dx },
      { accumulate: false },
    );
  }
}

/** The batch norm at the entrance: from a map of its own into the block's first channels. */
function recordEntrance(pass: Pass, { layer }: Operation, x: Tensor, block: ActivatedBlock) {
  const { name } = layer;
  const norm = recordOwnNorm(pass, layer, x);
  const y = block.next(layer);
  pointwise(pass.plan, name, { x, affine: norm.affine, y });
  block.produced(y);
  const map: [name: string, map: Tensor] = [name, y];
  return {
    map,
    /** @returns gradient of x */
    backward(): Tensor {
      const da = block.endGradient();
      const dx = tensorLike(pass, `${name} gradient`, x);
      ownNormBackward(pass, norm, { da, dx }, { relu: false });
      return dx;
    },
  };
}

export function recordStem(
  pass: Pass,
  [conv, norm]: LayerGroup,
  image: Tensor,
  block: ActivatedBlock,
): RecordedPart {
  const stem = outputOf(pass, conv, image);
  convolve(pass, conv, { x: image, y: stem }, { statistics: false });
  const entrance = recordEntrance(pass, norm, stem, block);
  return {
    maps: [[conv.layer.name, stem], entrance.map],
    backward: () => kernelGradient(pass, conv, { x: image, dy: entrance.backward() }),
  };
}

export function recordDenseLayer(pass: Pass, [conv]: LayerGroup, block: ActivatedBlock): RecordedPart {
  const x = block.present;
  const activated = channelSlice(block.activated, 0, x.shape[3]);
  const y = block.next(conv.layer);
  convolve(pass, conv, { x: activated, y }, { statistics: false });
  block.produced(y);
  return {
    maps: [[conv.layer.name, y]],
    backward() {
      const dy = block.gradientOf(y);
      kernelGradient(pass, conv, { x: activated, dy });
      if (!pass.learning.goesThrough(conv.layer.name)) return;
      const relu = conv.relu!.name;
      const da = tensorLike(pass, `${relu} gradient`, x);
      const weights = kernelOf(pass, conv);
      pass.kernels!.convBackwardData(pass.plan, conv.layer.name, { dy, weights, dx: da }, conv.window);
      pass.kernels!.reluBackward(
        pass.plan,
        relu,
        { x, dy: da, dx: block.gradientOf(x) },
        { accumulate: true },
      );
    },
  };
}

export function recordTransition(
  pass: Pass,
  [conv, pool, norm]: LayerGroup,
  from: ActivatedBlock,
  to: ActivatedBlock,
): RecordedPart {
  const { plan } = pass;
  const { features: x } = from;
  const map = outputOf(pass, conv, x);
  convolve(pass, conv, { x, y: map }, { statistics: false });
  const pooled = outputOf(pass, pool, map);
  averagePoolForward(plan, pool.layer.name, { x: map, y: pooled }, pool.window);
  const entrance = recordEntrance(pass, norm, pooled, to);
  return {
    maps: [[conv.layer.name, map], [pool.layer.name, pooled], entrance.map],
    backward() {
      const dpooled = entrance.backward();
      const dy = tensorLike(pass, `${conv.layer.name} gradient`, map);
      pass.kernels!.averagePoolBackward(plan, pool.layer.name, { dy: dpooled, dx: dy }, pool.window);
      kernelGradient(pass, conv, { x, dy });
      if (!pass.learning.goesThrough(conv.layer.name)) return;
      const weights = kernelOf(pass, conv);
      pass.kernels!.convBackwardData(
        plan,
        conv.layer.name,
        { dy, weights, dx: from.openGradient() },
        conv.window,
      );
    },
  };
}

export function recordHead(pass: Pass, [pool, dense]: LayerGroup, block: ActivatedBlock): RecordedHead {
  const { maps, logits, backward } = recordClassifier(pass, pool, dense, { x: block.activated });
  return {
    maps,
    logits,
    cam: { features: block.features, weights: kernelOf(pass, dense) },
    backward: (dlogits) => block.headBackward(pool, backward(dlogits)),
  };
}
