/**
 * The head, from all channels of the last block to the logits:
 *
 *   [bn+relu, global average] -> dense -> logits
 */
import type { Tensor } from '../engine/plan/tensor.js';
import { denseForward } from '../shaders/dense/dense.js';
import { globalAveragePoolForward } from '../shaders/pool/pool.js';
import type { RecordedNetwork } from '../training/network.js';
import type { NormedBlock } from './block.js';
import type { LayerGroup, Operation } from './layerGroups.js';
import { gradient, kernelOf, type Pass, tensorLike, weight } from './pass.js';

export interface RecordedHead {
  readonly maps: RecordedNetwork['maps'];
  readonly logits: Tensor;
  readonly cam: RecordedNetwork['cam'];
  /** Records the way back from dlogits[b,1,1,classes]. */
  backward(dlogits: Tensor): void;
}

export function recordHead(pass: Pass, [pool, dense]: LayerGroup, block: NormedBlock): RecordedHead {
  const norm = block.norm(pool.norm!);
  const { x: features, affine } = norm;
  const { maps, logits, backward } = recordClassifier(pass, pool, dense, { x: features, affine });
  return {
    maps,
    logits,
    cam: { features, affine, weights: kernelOf(pass, dense) },
    backward(dlogits) {
      const da = backward(dlogits);
      if (da) block.lastReaderBackward(norm, da);
    },
  };
}

/**
 * Global average pool and dense layer.
 * @param affine applied with ReLU to x by the pool
 * @returns maps and logits; `backward` gives the gradient of the averages, where anything in front learns
 */
export function recordClassifier(
  pass: Pass,
  pool: Operation,
  dense: Operation,
  { x, affine }: { x: Tensor; affine?: Tensor },
): { maps: RecordedNetwork['maps']; logits: Tensor; backward: (dlogits: Tensor) => Tensor | undefined } {
  const { plan, learning, keep } = pass;
  const { name } = dense.layer;
  const [b] = x.shape;
  const weights = kernelOf(pass, dense);
  const pooled = plan.tensor(pool.layer.name, [b, 1, 1, pool.layer.cout], keep);
  globalAveragePoolForward(plan, pool.layer.name, { x, affine, y: pooled });
  const logits = plan.tensor('logits', [b, 1, 1, dense.layer.cout], keep);
  denseForward(plan, name, { x: pooled, weights, bias: weight(pass, `${name}/bias`), y: logits });
  return {
    maps: [
      [pool.layer.name, pooled],
      [name, logits],
    ],
    logits,
    backward(dlogits) {
      if (learning.learns(name)) {
        const [dw, db] = [gradient(pass, `${name}/kernel`), gradient(pass, `${name}/bias`)];
        pass.kernels!.denseBackwardWeights(plan, name, { x: pooled, dy: dlogits, dw, db });
      }
      if (!learning.goesThrough(name)) return undefined;
      const dpooled = tensorLike(pass, `${pool.layer.name} gradient`, pooled);
      pass.kernels!.denseBackwardData(plan, name, { dy: dlogits, weights, dx: dpooled });
      return dpooled;
    },
  };
}
