/**
 * One layer of a dense block, from the block's channels [0,c) to its channels [c,c+growthRate):
 *
 *   [bn+relu, 1x1 conv] -> bottleneck -> [bn+relu, 3x3 conv] -> the next channels
 *
 * Batch norm and ReLU are the prologue of the convolution that reads ([..]). In inference the batch norm behind a
 * bottleneck is known beforehand and applied by the convolution that writes it.
 *
 * Without a bottleneck the 3x3 convolution would read and write the block's buffer, which WebGPU forbids within one
 * dispatch: it writes to a map of its own, and the few new channels are copied.
 */
import type { Tensor } from '../engine/plan/tensor.js';
import type { NormGradient } from '../shaders/batchnorm/batchnorm.js';
import { pointwise } from '../shaders/pointwise/pointwise.js';
import type { NormedBlock } from './block.js';
import type { LayerGroup, Operation } from './layerGroups.js';
import { ownNormApply, type RecordedNorm, recordNorm, recordOwnNorm, tensorsOf } from './norm.js';
import {
  convolve,
  kernelGradient,
  kernelOf,
  outputOf,
  type Pass,
  type RecordedPart,
  tensorLike,
} from './pass.js';

export function recordDenseLayer(pass: Pass, group: LayerGroup, block: NormedBlock): RecordedPart {
  if (group.length === 2) return recordWithoutBottleneck(pass, group, block);
  const { training, learning, keep } = pass;
  const [conv1, conv2] = group; // behind them only the concatenation

  // bottleneck[b,h,w,4k] = conv1(relu(norm1(x))), x[b,h,w,c] the block's channels so far.
  const norm1 = block.norm(conv1.norm!);
  const { x, affine } = norm1;
  const { y: bottleneck, affine: place } = block.bottlenecks.place(conv1, conv2.norm!, x);
  const known = training || keep ? undefined : recordNorm(pass, conv2.norm!, bottleneck, {});
  const tensors = { x, affine, after: known?.affine, y: bottleneck };
  const statistics = learning.usesBatch(conv2.norm!.name);
  const counted = convolve(pass, conv1, tensors, { statistics });

  // y[b,h,w,k] = conv2(relu(norm2(bottleneck))); what is known beforehand is in the bottleneck already.
  const norm2 = known ?? recordOwnNorm(pass, conv2.norm!, bottleneck, counted, place);
  const y = block.next(conv2.layer);
  const reading = { x: bottleneck, affine: known ? undefined : norm2.affine };
  block.produced(y, convolve(pass, conv2, { ...reading, y }, { statistics: block.counts }));

  return {
    maps: [
      [conv1.layer.name, bottleneck],
      [conv2.layer.name, y],
    ],
    backward() {
      const dy = block.gradientOf(y);
      if (learning.learns(conv2.layer.name)) {
        const tensors = { x: bottleneck, affine: norm2.affine, dy };
        block.bottlenecks.leaveKernel({ operation: conv2, tensors });
      }
      if (!learning.goesThrough(conv2.layer.name)) return;
      const dbottleneck = bottleneckBackward(pass, { conv1, conv2, norm2, dy });
      kernelGradient(pass, conv1, { x, affine, dy: dbottleneck });
      if (learning.goesThrough(conv1.layer.name)) block.readerBackward(conv1, norm1, dbottleneck);
    },
  };
}

/** From the gradient of the new channels to that of the bottleneck. */
function bottleneckBackward(
  pass: Pass,
  { conv1, conv2, norm2, dy }: { conv1: Operation; conv2: Operation; norm2: RecordedNorm; dy: Tensor },
): Tensor {
  const { plan, config } = pass;
  const back = (dx: Tensor, mode: NormGradient) => {
    const tensors = { dy, weights: kernelOf(pass, conv2), norm: tensorsOf(norm2), dx };
    const options = { epsilon: config.bnEpsilon, mode };
    return pass.kernels!.convBackwardThroughNorm(plan, conv2.layer.name, tensors, conv2.window, options);
  };
  const label = `${conv1.layer.name} gradient`;
  if (norm2.fixed) {
    const dx = tensorLike(pass, label, norm2.x);
    back(dx, 'scaled');
    return dx;
  }
  const dz = tensorLike(pass, `${norm2.name} dz`, norm2.x);
  const slices = back(dz, 'gradient');
  const dx = tensorLike(pass, label, norm2.x);
  ownNormApply(pass, norm2, { dz, slices, dx });
  return dx;
}

function recordWithoutBottleneck(pass: Pass, [conv, concat]: LayerGroup, block: NormedBlock): RecordedPart {
  const norm = block.norm(conv.norm!);
  const { x, affine } = norm;
  const own = outputOf(pass, conv, x);
  const counted = convolve(pass, conv, { x, affine, y: own }, { statistics: block.counts });
  const y = block.next(conv.layer);
  pointwise(pass.plan, concat.layer.name, { x: own, y });
  block.produced(y, counted);
  return {
    maps: [[conv.layer.name, y]],
    backward() {
      const dy = block.gradientOf(y);
      kernelGradient(pass, conv, { x, affine, dy });
      if (pass.learning.goesThrough(conv.layer.name)) block.readerBackward(conv, norm, dy);
    },
  };
}
