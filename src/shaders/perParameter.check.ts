/** What the checks of kernels with factors share: blocks that stay beside such that move faster and slower. */
import type { Tensor } from '../engine/plan/tensor.js';
import type { Dense, TensorSpec } from './checkCase.js';
import { type Factors, ONE } from './perParameter.js';

/** factors[1,1,1,n], 0 in every third block. */
export function factorTensor(size: number, block: number): TensorSpec {
  const shape = [1, 1, 1, Math.ceil(size / block)] as const;
  return { shape, role: 'input', fill: (_, i) => (i % 3) * 0.75 };
}

export const factorsIn = (factors: Tensor | undefined, block = 0): Factors | undefined =>
  factors && { factors, block };

/** For references. */
export const factorOf = (factors: Dense | undefined, block = 0): typeof ONE =>
  factors ? (parameter) => factors.data[Math.floor(parameter / block)] : ONE;
