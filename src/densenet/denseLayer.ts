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
import { convBackwardThroughNorm } from '../shaders/conv/conv.js';
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
  const { training, keep } = pass;
  const [inner, growth] = group; // the 1x1 and the 3x3 convolution; behind them only the concatenation

  const norm = block.norm(inner.norm!);
  const { x, affine } = norm;
  const bottleneck = block.bottlenecks.place(inner, growth.norm!, x);
  const ahead = training || keep ? undefined : recordNorm(pass, growth.norm!, bottleneck.y, {});
  const tensors = { x, affine, after: ahead?.affine, y: bottleneck.y };
  const statistics = convolve(pass, inner, tensors, { statistics: training });
  const innerNorm = ahead ?? recordOwnNorm(pass, growth.norm!, bottleneck.y, statistics, bottleneck.affine);
  const y = block.next(growth.layer);
  const reading = { x: bottleneck.y, affine: ahead ? undefined : innerNorm.affine };
  block.produced(y, convolve(pass, growth, { ...reading, y }, { statistics: training }));

  return {
    maps: [
      [inner.layer.name, bottleneck.y],
      [growth.layer.name, y],
    ],
    backward() {
      const dy = block.gradientOf(y);
      block.bottlenecks.leaveKernel({
        operation: growth,
        tensors: { x: bottleneck.y, affine: innerNorm.affine, dy },
      });
      const dbottleneck = bottleneckBackward(pass, { inner, growth, norm: innerNorm, dy });
      kernelGradient(pass, inner, { x, affine, dy: dbottleneck });
      block.readerBackward(inner, norm, dbottleneck);
    },
  };
}

/** From the gradient of the new channels to that of the bottleneck. */
function bottleneckBackward(
  pass: Pass,
  { inner, growth, norm, dy }: { inner: Operation; growth: Operation; norm: RecordedNorm; dy: Tensor },
): Tensor {
  const { plan, config } = pass;
  const { layer, window } = growth;
  const dz = tensorLike(pass, `${norm.name} dz`, norm.x);
  const tensors = { dy, weights: kernelOf(pass, growth), norm: tensorsOf(norm), dx: dz };
  const options = { epsilon: config.bnEpsilon, mode: 'gradient' } as const;
  const slices = convBackwardThroughNorm(plan, layer.name, tensors, window, options);
  const dx = tensorLike(pass, `${inner.layer.name} gradient`, norm.x);
  ownNormApply(pass, norm, { dz, slices, dx });
  return dx;
}

function recordWithoutBottleneck(pass: Pass, [conv, concat]: LayerGroup, block: NormedBlock): RecordedPart {
  const norm = block.norm(conv.norm!);
  const { x, affine } = norm;
  const own = outputOf(pass, conv, x);
  const statistics = convolve(pass, conv, { x, affine, y: own }, { statistics: pass.training });
  const y = block.next(conv.layer);
  pointwise(pass.plan, concat.layer.name, { x: own, y });
  block.produced(y, statistics);
  return {
    maps: [[conv.layer.name, y]],
    backward() {
      const dy = block.gradientOf(y);
      kernelGradient(pass, conv, { x, affine, dy });
      block.readerBackward(conv, norm, dy);
    },
  };
}
