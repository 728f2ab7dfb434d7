/** Convolution, forward, on matrix units: loaded by those who allow products of f16. */
import type { HalfProducts } from '../../../engine/plan/halfProducts.js';
import { kernels } from '../../../engine/plan/kernel.js';
import { matrixChoices, matrixConstants } from '../matrixTiles.js';
import subgroupMatrix from './forward.subgroupMatrix.wgsl';

export const FORWARD_MATRIX = {
  variants: kernels('conv.forward', { subgroupMatrix }),
  choices: matrixChoices,
  constants: matrixConstants,
} satisfies HalfProducts;
