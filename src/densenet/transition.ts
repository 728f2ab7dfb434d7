/**
 * A transition, from all channels of a block to the input of the next one:
 *
 *   Keras   [bn+relu, 1x1 conv] -> 2x2/2 average pool -> first channels of the next block
 *   here    [bn+relu, 2x2/2 average pool] -> 1x1 conv -> first channels of the next block
 *
 * Both are linear and commute, and the convolution then has a quarter of the pixels. Where every map is kept it goes in
 * Keras' order, map by map.
 */

import { averagePoolForward } from '../shaders/pool/pool.js';
import type { NormedBlock } from './block.js';
import type { LayerGroup } from './layerGroups.js';
import {
  convolve,
  kernelGradient,
  kernelOf,
  outputOf,
  type Pass,
  type RecordedPart,
  tensorLike,
} from './pass.js';

export function recordTransition(
  pass: Pass,
  group: LayerGroup,
  from: NormedBlock,
  to: NormedBlock,
): RecordedPart {
  if (pass.keep) return recordInOrder(pass, group, from, to);
  const { plan, learning } = pass;
  const [conv, pool] = group;

  const norm = from.norm(conv.norm!);
  const { x, affine } = norm;
  const [b, h, w] = to.features.shape;
  const pooled = plan.tensor(pool.layer.name, [b, h, w, x.shape[3]]);
  averagePoolForward(plan, pool.layer.name, { x, affine, y: pooled }, pool.window);
  const y = to.next(conv.layer);
  to.produced(y, convolve(pass, conv, { x: pooled, y }, { statistics: to.counts }));

  return {
    maps: [[pool.layer.name, y]],
    backward() {
      const dy = to.endGradient();
      kernelGradient(pass, conv, { x: pooled, dy });
      if (!learning.goesThrough(conv.layer.name)) return;
      const dpooled = tensorLike(pass, `${pool.layer.name} gradient`, pooled);
      const weights = kernelOf(pass, conv);
      pass.kernels!.convBackwardData(plan, conv.layer.name, { dy, weights, dx: dpooled }, conv.window);
      from.lastReaderBackward(norm, dpooled);
    },
  };
}

/** For looking at every map: forward only. */
function recordInOrder(
  pass: Pass,
  [conv, pool]: LayerGroup,
  from: NormedBlock,
  to: NormedBlock,
): RecordedPart {
  const { x, affine } = from.norm(conv.norm!);
  const map = outputOf(pass, conv, x);
  convolve(pass, conv, { x, affine, y: map }, { statistics: false });
  const y = to.next(pool.layer);
  averagePoolForward(pass.plan, pool.layer.name, { x: map, y }, pool.window);
  to.produced(y);
  return {
    maps: [
      [conv.layer.name, map],
      [pool.layer.name, y],
    ],
    backward() {
      throw new RangeError('A pass that keeps every map goes forward only.');
    },
  };
}
