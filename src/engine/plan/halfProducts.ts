/** Matrix multiplication in half precision, where a plan allows it. */
import type { Gpu } from '../device/gpu.js';
import type { Choice } from './choice.js';
import type { Scalars, Variants } from './kernel.js';

/** Variants of matrix multiplication that round what they multiply to f16. */
export interface HalfProducts {
  readonly variants: Variants<'subgroupMatrix'>;
  /** For a GEMM with so many rows and columns, the most promising first; none where the adapter has none that fits. */
  choices(gpu: Gpu, rows: number, columns: number): Choice<'subgroupMatrix'>[];
  /** Constants of the adapter's own. */
  constants(gpu: Gpu): Scalars;
}
