/**
 * The stem, from the image to the first block's input:
 *
 *   imagenet   7x7/2 conv -> [bn+relu, 3x3/2 max pool] -> first channels of the block
 *   cifar      3x3 conv -> copied into the first channels of the block
 *
 * Batch norm and ReLU are the prologue of the pool ([..]) and are never stored.
 */
import type { Tensor } from '../engine/plan/tensor.js';
import { pointwise } from '../shaders/pointwise/pointwise.js';
import { maxPoolForward } from '../shaders/pool/pool.js';
import type { NormedBlock } from './block.js';
import type { LayerGroup, Operation } from './layerGroups.js';
import { ownNormBackward, recordOwnNorm } from './norm.js';
import { convolve, kernelGradient, outputOf, type Pass, type RecordedPart, tensorLike } from './pass.js';

/** @param image image[b,h,w,inputChannels] */
export function recordStem(pass: Pass, group: LayerGroup, image: Tensor, block: NormedBlock): RecordedPart {
  const [conv, pool] = group;
  if (!pool) return recordBareStem(pass, conv, image, block);
  const { plan, learning } = pass;

  const stem = outputOf(pass, conv, image);
  const statistics = learning.usesBatch(pool.norm!.name);
  const counted = convolve(pass, conv, { x: image, y: stem }, { statistics });
  const norm = recordOwnNorm(pass, pool.norm!, stem, counted);
  const y = block.next(pool.layer);
  const argmax = plan.tensor(`${pool.layer.name} argmax`, y.shape);
  maxPoolForward(plan, pool.layer.name, { x: stem, affine: norm.affine, y, argmax }, pool.window);
  block.produced(y);

  return {
    maps: [
      [conv.layer.name, stem],
      [pool.layer.name, y],
    ],
    backward() {
      const da = tensorLike(pass, `${pool.relu!.name} gradient`, stem);
      pass.kernels!.maxPoolBackward(
        plan,
        pool.layer.name,
        { dy: block.endGradient(), argmax, dx: da },
        pool.window,
      );
      const dy = tensorLike(pass, `${conv.layer.name} gradient`, stem);
      ownNormBackward(pass, norm, { da, dx: dy }, { relu: true });
      kernelGradient(pass, conv, { x: image, dy });
    },
  };
}

/** A convolution alone. */
function recordBareStem(pass: Pass, conv: Operation, image: Tensor, block: NormedBlock): RecordedPart {
  const stem = outputOf(pass, conv, image);
  convolve(pass, conv, { x: image, y: stem }, { statistics: false });
  const y = block.next(conv.layer);
  pointwise(pass.plan, conv.layer.name, { x: stem, y });
  block.produced(y);
  return {
    maps: [[conv.layer.name, stem]],
    backward: () => kernelGradient(pass, conv, { x: image, dy: block.endGradient() }),
  };
}
