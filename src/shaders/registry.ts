/** Every kernel of the engine and every case on which one is checked. */
import type { Kernel } from '../engine/plan/kernel.js';
import { checks as adamChecks } from './adam/adam.check.js';
import * as adam from './adam/adam.js';
import * as batchnormBackward from './batchnorm/backward.js';
import { checks as batchnormChecks } from './batchnorm/batchnorm.check.js';
import * as batchnorm from './batchnorm/batchnorm.js';
import type { CheckCase } from './checkCase.js';
import { checks as convChecks, planChecks as convPlanChecks } from './conv/conv.check.js';
import * as conv from './conv/conv.js';
import { checks as denseChecks } from './dense/dense.check.js';
import * as dense from './dense/dense.js';
import { checks as gradcamChecks } from './gradcam/gradcam.check.js';
import * as gradcam from './gradcam/gradcam.js';
import { checks as lossChecks } from './loss/loss.check.js';
import * as loss from './loss/loss.js';
import { checks as pointwiseChecks } from './pointwise/pointwise.check.js';
import * as pointwise from './pointwise/pointwise.js';
import { checks as poolChecks } from './pool/pool.check.js';
import * as pool from './pool/pool.js';
import { checks as preprocessChecks } from './preprocess/preprocess.check.js';
import * as preprocess from './preprocess/preprocess.js';
import { checks as reduceChecks } from './reduce/reduce.check.js';
import * as reduce from './reduce/reduce.js';
import { checks as resizeChecks } from './resize/resize.check.js';
import * as resize from './resize/resize.js';

/** In the order in which they are checked: first what others are made of. */
export const ALL_CHECKS: readonly CheckCase[] = [
  ...reduceChecks,
  ...convChecks,
  ...batchnormChecks,
  ...pointwiseChecks,
  ...poolChecks,
  ...denseChecks,
  ...lossChecks,
  ...adamChecks,
  ...preprocessChecks,
  ...gradcamChecks,
  ...resizeChecks,
];

/** Cases for pipelines of plans that `ALL_CHECKS` does not run. */
export const PLAN_CHECKS: readonly CheckCase[] = convPlanChecks;

/** Each variant of each operation. */
export const ALL_KERNELS: readonly Kernel[] = [
  reduce.SLICES,
  reduce.LARGEST,
  conv.FORWARD,
  conv.BACKWARD_DATA,
  conv.BACKWARD_WEIGHTS,
  batchnorm.STATISTICS,
  batchnorm.PREPARE_TRAINING,
  batchnorm.PREPARE_INFERENCE,
  batchnormBackward.BACKWARD_GATE,
  batchnormBackward.BACKWARD_APPLY,
  batchnormBackward.BACKWARD_FINALISE,
  pointwise.APPLY,
  pointwise.RELU_BACKWARD,
  pool.MAX_FORWARD,
  pool.MAX_BACKWARD,
  pool.AVERAGE_FORWARD,
  pool.AVERAGE_BACKWARD,
  pool.GLOBAL_FORWARD,
  pool.GLOBAL_BACKWARD,
  dense.FORWARD,
  dense.BACKWARD_DATA,
  dense.BACKWARD_WEIGHTS,
  loss.SIGMOID,
  loss.SOFTMAX,
  loss.WEIGHTED,
  loss.SUM,
  adam.STEP,
  preprocess.SUMS,
  preprocess.SQUARES,
  preprocess.MOMENTS,
  preprocess.NORMALISE,
  gradcam.WEIGHTS,
  gradcam.MAP,
  resize.BILINEAR,
].flatMap((variants) => Object.values<Kernel>(variants));
