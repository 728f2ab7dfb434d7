/** What a batch norm does in training: statistics of the batch, the affine made of them, and the moving averages. */
import { linear, type PlanBuilder } from '../../../engine/plan/plan.js';
import { channels, elements, pixels, type Tensor } from '../../../engine/plan/tensor.js';
import { places, scalarAndVec4, unitOf, vec4OrNaive } from '../../vec4.js';
import { workgroupSize } from '../../workgroups.js';
import { pixelSlices } from '../slices.js';
import type { MovingVarianceRule } from './forward.js';
import prepareTrainingText from './prepareTraining.naive.wgsl';
import statistics from './statistics.naive.wgsl';

export const STATISTICS = scalarAndVec4('batchnorm.statistics', statistics);
export const PREPARE_TRAINING = scalarAndVec4('batchnorm.prepareTraining', prepareTrainingText);

/** Factor on the biased batch variance; one value has no unbiased variance, so there it is 1. */
export function movingVarianceFactor(rule: MovingVarianceRule, n: number, epsilon: number): number {
  if (rule === 'keras3' || n < 2) return 1;
  const once = n / (n - 1);
  if (rule === 'tf.keras') return once;
  const again = n / (n - 1 - epsilon);
  return rule === 'keras2.3-tf2' ? again : once * again;
}

/** Statistics of slices of pixels: what is known of a map before its batch norm. */
export interface Parts {
  /** parts[slice,1,2,c] = [mean | sum of squared deviations] of each slice. */
  parts: Tensor;
  pixelsPerSlice: number;
}

/**
 * Mean and sum of squared deviations of every channel of x, over slices of its pixels.
 * @param x x[b,h,w,c], may be a channel slice
 */
export function batchStatistics(plan: PlanBuilder, label: string, x: Tensor): Parts {
  const n = pixels(x);
  const c = channels(x);
  const variant = vec4OrNaive(plan, STATISTICS, x);
  const unit = unitOf(variant);
  const { pixelsPerSlice, slices } = pixelSlices(plan, n, c);
  const WORKGROUP = workgroupSize(plan);
  const parts = plan.tensor(`${label} statistics`, [slices, 1, 2, c]);
  plan.add({
    kernel: STATISTICS[variant],
    label,
    constants: { WORKGROUP },
    params: {
      pixels: n,
      channels: c / unit,
      ...places(unit, { x }),
      pixelsPerSlice,
      slices,
    },
    tensors: { x, parts },
    workgroups: linear((c / unit) * slices, WORKGROUP),
    shape: `[${x.shape.join(',')}]`,
    flops: 5 * n * c,
    bytes: 4 * elements(x.shape),
  });
  return { parts, pixelsPerSlice };
}

interface TrainingTensors {
  /** Of the last channels, as many as it has; those before have theirs in `stats`. */
  fresh?: Parts;
  /** stats[1,1,2,c], may be a channel slice; the fresh ones are written. */
  stats: Tensor;
  gammaBeta: Tensor;
  moving: Tensor;
  affine: Tensor;
}

/**
 * Training: affine of this batch norm from the batch statistics, and its moving averages one step on.
 * @param n pixels behind the statistics
 */
export function prepareTraining(
  plan: PlanBuilder,
  label: string,
  { fresh, stats, gammaBeta, moving, affine }: TrainingTensors,
  options: { n: number; epsilon: number; momentum: number; rule: MovingVarianceRule },
): void {
  const c = channels(affine);
  const known = fresh ? c - channels(fresh.parts) : c;
  const variant = vec4OrNaive(plan, PREPARE_TRAINING, stats, gammaBeta, fresh?.parts ?? affine);
  const unit = unitOf(variant);
  const slices = fresh ? fresh.parts.shape[0] : 0;
  plan.add({
    kernel: PREPARE_TRAINING[variant],
    label,
    params: {
      channels: c / unit,
      known: known / unit,
      slices,
      pixels: options.n,
      pixelsPerSlice: fresh?.pixelsPerSlice ?? 0,
      statsStride: stats.pixelStride / unit,
      statsOffset: stats.channelOffset / unit,
      epsilon: options.epsilon,
      rate: 1 - options.momentum,
      varianceFactor: movingVarianceFactor(options.rule, options.n, options.epsilon),
    },
    // Without fresh channels gammaBeta stands in for their parts and is never read as such.
    tensors: { parts: fresh?.parts ?? gammaBeta, stats, gammaBeta, moving, affine },
    workgroups: linear(c / unit, 64),
    shape: fresh ? `${c}, ${c - known} from ${slices} slices` : `${c}`,
    flops: 12 * c + 10 * slices * (c - known),
    bytes: 4 * (10 * c + 2 * slices * (c - known)),
  });
}
