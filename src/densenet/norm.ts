/**
 * Batch norms as recorded. In training the statistics of a channel are computed once, when it is produced (by the
 * convolution that produces it, where its kernel can), and shared by every batch norm that reads it: same channel, same
 * mean and variance. In inference every affine is known beforehand.
 */
import { pixels, type Tensor } from '../engine/plan/tensor.js';
import {
  backwardApply,
  batchStatistics,
  type NormTensors,
  type Parts,
  prepareTraining,
  reluBackwardAndSums,
} from '../shaders/batchnorm/batchnorm.js';
import type { Layer } from './architecture.js';
import { gradient, type Pass, tensorLike } from './pass.js';

export interface RecordedNorm {
  readonly name: string;
  /** What it reads. */
  readonly x: Tensor;
  /** [scale | shift], what it applies. */
  readonly affine: Tensor;
  /** stats[1,1,2,c] behind the affine; in training. */
  readonly stats?: Tensor;
}

/** For the kernels of the backward pass. */
export function tensorsOf({ x, affine, stats }: RecordedNorm): NormTensors {
  return { x, affine, stats: stats! };
}

/** Statistics of a fresh map in slices, counted here unless its producer did; none in inference. */
export function statisticsOf(
  { plan, training }: Pass,
  label: string,
  x: Tensor,
  counted?: Parts,
): Parts | undefined {
  return training ? (counted ?? batchStatistics(plan, label, x)) : undefined;
}

export function newStats({ plan, training }: Pass, label: string, channels: number): Tensor | undefined {
  return training ? plan.tensor(`${label} stats`, [1, 1, 2, channels]) : undefined;
}

/**
 * A batch norm over x, whose statistics lie in `stats` but for those of the last channels, which are `fresh`.
 * @param place where to put its affine in training, if not in a tensor of its own
 */
export function recordNorm(
  { plan, parameters, mode, config }: Pass,
  { name }: Layer,
  x: Tensor,
  { stats, fresh }: { stats?: Tensor; fresh?: Parts },
  place?: Tensor,
): RecordedNorm {
  if (mode.kind === 'inference') return { name, x, affine: mode.affine(name) };
  const affine = place ?? plan.tensor(`${name} affine`, [1, 1, 2, x.shape[3]]);
  prepareTraining(
    plan,
    name,
    {
      fresh,
      stats: stats!,
      gammaBeta: parameters.view('weights', `${name}/gammaBeta`),
      moving: parameters.view('nextMoving', `${name}/moving`),
      affine,
    },
    { n: pixels(x), epsilon: config.bnEpsilon, momentum: config.bnMomentum, rule: mode.rule },
  );
  return { name, x, affine, stats };
}

/** A batch norm that alone reads its map. @param counted statistics of x, where its producer counted them */
export function recordOwnNorm(
  pass: Pass,
  layer: Layer,
  x: Tensor,
  counted?: Parts,
  place?: Tensor,
): RecordedNorm {
  const stats = newStats(pass, layer.name, layer.cout);
  return recordNorm(pass, layer, x, { stats, fresh: statisticsOf(pass, layer.name, x, counted) }, place);
}

/**
 * Back through a batch norm that alone reads its map.
 * @param da gradient behind its ReLU, or behind itself without one
 * @param dx gradient of its map, overwritten
 */
export function ownNormBackward(
  pass: Pass,
  norm: RecordedNorm,
  { da, dx }: { da: Tensor; dx: Tensor },
  { relu }: { relu: boolean },
): void {
  const { plan, config } = pass;
  const dz = tensorLike(pass, `${norm.name} dz`, norm.x);
  const tensors = { ...tensorsOf(norm), da, dx: dz };
  const options = { epsilon: config.bnEpsilon, mode: 'gradient', relu } as const;
  const slices = reluBackwardAndSums(plan, norm.name, tensors, options);
  ownNormApply(pass, norm, { dz, slices, dx });
}

/**
 * The second half of the same, behind whatever went back through the ReLU.
 * @param dz gradient behind the batch norm, in front of its ReLU
 * @param slices sums of dz in slices: [dgamma | dbeta]
 */
export function ownNormApply(
  pass: Pass,
  norm: RecordedNorm,
  { dz, slices, dx }: { dz: Tensor; slices: Tensor; dx: Tensor },
): void {
  const { plan, config } = pass;
  const dgammaBeta = gradient(pass, `${norm.name}/gammaBeta`);
  const tensors = { ...tensorsOf(norm), dz, parts: slices, dgammaBeta, dx };
  backwardApply(plan, norm.name, tensors, { epsilon: config.bnEpsilon });
}
