/** Every kernel of the engine and every case on which one is checked: one line per folder. */
import type { Kernel } from '../engine/plan/kernel.js';
import { operation as adam } from './adam/adam.check.js';
import { operation as adamw } from './adamw/adamw.check.js';
import { operation as augment } from './augment/augment.check.js';
import { operation as batchnorm } from './batchnorm/batchnorm.check.js';
import { operation as blend } from './blend/blend.check.js';
import type { CheckCase, Operation } from './checkCase.js';
import { operation as clip } from './clip/clip.check.js';
import { operation as conv } from './conv/conv.check.js';
import { operation as dense } from './dense/dense.check.js';
import { operation as gradcam } from './gradcam/gradcam.check.js';
import { operation as binaryLoss } from './loss/binary/binary.check.js';
import { operation as focalLoss } from './loss/focal/focal.check.js';
import { operation as loss } from './loss/loss.check.js';
import { operation as weightedLoss } from './loss/weighted/weighted.check.js';
import { operation as pointwise } from './pointwise/pointwise.check.js';
import { operation as pool } from './pool/pool.check.js';
import { operation as preprocess } from './preprocess/preprocess.check.js';
import { operation as reduce } from './reduce/reduce.check.js';
import { operation as resize } from './resize/resize.check.js';
import { operation as sgd } from './sgd/sgd.check.js';
import { operation as standardise } from './standardise/standardise.check.js';

/** In the order in which they are checked: first what others are made of. */
const OPERATIONS: readonly Operation[] = [
  reduce,
  conv,
  batchnorm,
  pointwise,
  pool,
  dense,
  loss,
  weightedLoss,
  binaryLoss,
  focalLoss,
  adam,
  sgd,
  adamw,
  clip,
  blend,
  preprocess,
  augment,
  standardise,
  gradcam,
  resize,
];

export const ALL_CHECKS: readonly CheckCase[] = OPERATIONS.flatMap(({ checks }) => checks);

/** Cases for pipelines of plans that `ALL_CHECKS` does not run. */
export const PLAN_CHECKS: readonly CheckCase[] = OPERATIONS.flatMap(({ planChecks = [] }) => planChecks);

/** Each variant of each operation. */
export const ALL_KERNELS: readonly Kernel[] = OPERATIONS.flatMap(({ kernels }) =>
  kernels.flatMap((variants) => Object.values(variants)),
);

/** Each operation, by its name. */
export const ALL_OPS: readonly string[] = [...new Set(ALL_KERNELS.map(({ op }) => op))];
