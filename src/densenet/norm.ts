/**
 * Batch norms as recorded. In training the statistics of a channel are computed once, when it is produced (by the
 * convolution that produces it, where its kernel can), and shared by every batch norm that reads it: same channel, same
 * mean and variance. In inference every affine is known beforehand. A frozen batch norm of a training goes by its
 * moving averages: its affine is prepared within the step, and backward it is but a factor, dx = scale * dz.
 */
import { pixels, type Tensor } from '../engine/plan/tensor.js';
import type { NormTensors, Parts } from '../shaders/batchnorm/batchnorm.js';
import { prepareInference } from '../shaders/batchnorm/forward/forward.js';
import type { Layer } from './architecture.js';
import { normGradient, type Pass, tensorLike } from './pass.js';

export interface RecordedNorm {
  readonly name: string;
  /** What it reads. */
  readonly x: Tensor;
  /** [scale | shift], what it applies. */
  readonly affine: Tensor;
  /** stats[1,1,2,c] behind the affine; in training. */
  readonly stats?: Tensor;
  /** Its statistics are moving averages, whatever x is. */
  readonly fixed?: boolean;
}

/** For the kernels of the backward pass. */
export function tensorsOf({ x, affine, stats }: RecordedNorm): NormTensors {
  return { x, affine, stats: stats! };
}

export function newStats({ plan }: Pass, label: string, channels: number): Tensor {
  return plan.tensor(`${label} stats`, [1, 1, 2, channels]);
}

/**
 * A batch norm over x, whose statistics, if it goes by them, lie in `stats` but for those of the last channels, which
 * are `fresh`.
 * @param place where to put its affine in training, if not in a tensor of its own
 */
export function recordNorm(
  { plan, parameters, mode, learning, config }: Pass,
  { name }: Layer,
  x: Tensor,
  { stats, fresh }: { stats?: Tensor; fresh?: Parts },
  place?: Tensor,
): RecordedNorm {
  if (mode.kind === 'inference') return { name, x, affine: mode.affine(name) };
  const affine = place ?? plan.tensor(`${name} affine`, [1, 1, 2, x.shape[3]]);
  const gammaBeta = parameters.view('weights', `${name}/gammaBeta`);
  if (!learning.usesBatch(name)) {
    const moving = parameters.view('moving', `${name}/moving`);
    prepareInference(plan, name, { moving, gammaBeta, affine }, { epsilon: config.bnEpsilon });
    return { name, x, affine, stats: moving, fixed: true };
  }
  mode.kernels.prepareTraining(
    plan,
    name,
    {
      fresh,
      stats: stats!,
      gammaBeta,
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
  const { name, cout } = layer;
  if (!pass.learning.usesBatch(name)) return recordNorm(pass, layer, x, {}, place);
  const stats = newStats(pass, name, cout);
  return recordNorm(
    pass,
    layer,
    x,
    { stats, fresh: counted ?? pass.kernels!.batchStatistics(pass.plan, name, x) },
    place,
  );
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
  const { bnEpsilon: epsilon } = config;
  if (norm.fixed) {
    pass.kernels!.reluBackwardAndSums(
      plan,
      norm.name,
      { ...tensorsOf(norm), da, dx },
      { epsilon, mode: 'scaled', relu },
    );
    return;
  }
  const dz = tensorLike(pass, `${norm.name} dz`, norm.x);
  const tensors = { ...tensorsOf(norm), da, dx: dz };
  const options = { epsilon, mode: 'gradient', relu } as const;
  const slices = pass.kernels!.reluBackwardAndSums(plan, norm.name, tensors, options);
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
  const dgammaBeta = normGradient(pass, norm.name);
  const tensors = { ...tensorsOf(norm), dz, parts: slices, dgammaBeta, dx };
  pass.kernels!.backwardApply(plan, norm.name, tensors, { epsilon: config.bnEpsilon });
}
