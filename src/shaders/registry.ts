/** Every kernel of the engine and every case on which one is checked: one line per folder. */
import type { Kernel } from '../engine/plan/kernel.js';
import { operation as adam } from './adam/adam.check.js';
import * as adamReference from './adam/adam.reference.js';
import { operation as adamw } from './adamw/adamw.check.js';
import * as adamwReference from './adamw/adamw.reference.js';
import { operation as augment } from './augment/augment.check.js';
import * as augmentReference from './augment/augment.reference.js';
import { operation as batchnorm } from './batchnorm/batchnorm.check.js';
import * as batchnormReference from './batchnorm/batchnorm.reference.js';
import { operation as blend } from './blend/blend.check.js';
import * as blendReference from './blend/blend.reference.js';
import type { CheckCase, Operation } from './checkCase.js';
import { operation as clip } from './clip/clip.check.js';
import * as clipReference from './clip/clip.reference.js';
import { operation as conv } from './conv/conv.check.js';
import * as convReference from './conv/conv.reference.js';
import { operation as dense } from './dense/dense.check.js';
import * as denseReference from './dense/dense.reference.js';
import { operation as gradcam } from './gradcam/gradcam.check.js';
import * as gradcamReference from './gradcam/gradcam.reference.js';
import { operation as binaryLoss } from './loss/binary/binary.check.js';
import * as binaryLossReference from './loss/binary/binary.reference.js';
import { operation as focalLoss } from './loss/focal/focal.check.js';
import * as focalLossReference from './loss/focal/focal.reference.js';
import { operation as loss } from './loss/loss.check.js';
import * as lossReference from './loss/loss.reference.js';
import { operation as weightedLoss } from './loss/weighted/weighted.check.js';
import * as weightedLossReference from './loss/weighted/weighted.reference.js';
import { operation as pointwise } from './pointwise/pointwise.check.js';
import * as pointwiseReference from './pointwise/pointwise.reference.js';
import { operation as pool } from './pool/pool.check.js';
import * as poolReference from './pool/pool.reference.js';
import { operation as preprocess } from './preprocess/preprocess.check.js';
import * as preprocessReference from './preprocess/preprocess.reference.js';
import { operation as reduce } from './reduce/reduce.check.js';
import * as reduceReference from './reduce/reduce.reference.js';
import { operation as resize } from './resize/resize.check.js';
import * as resizeReference from './resize/resize.reference.js';
import { operation as sgd } from './sgd/sgd.check.js';
import * as sgdReference from './sgd/sgd.reference.js';
import { operation as standardise } from './standardise/standardise.check.js';
import * as standardiseReference from './standardise/standardise.reference.js';

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

/** The plain-loop float64 references, by operation. */
export const references = {
  adam: adamReference,
  adamw: adamwReference,
  augment: augmentReference,
  batchnorm: batchnormReference,
  blend: blendReference,
  clip: clipReference,
  conv: convReference,
  dense: denseReference,
  gradcam: gradcamReference,
  binaryLoss: binaryLossReference,
  focalLoss: focalLossReference,
  loss: lossReference,
  weightedLoss: weightedLossReference,
  pointwise: pointwiseReference,
  pool: poolReference,
  preprocess: preprocessReference,
  reduce: reduceReference,
  resize: resizeReference,
  sgd: sgdReference,
  standardise: standardiseReference,
} as const;
