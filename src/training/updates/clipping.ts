/** What the gradients of an update are multiplied by and cut to; `UpdateSettings` says when. */
import { FLOAT32_MOST } from '../../core/arguments.js';
import type { Parameters } from '../model/parameters.js';
import type { UpdateSettings } from './updateSettings.js';

/** gradient = factor * gradient, at most `limit` either way. */
export interface Clip {
  factor: number;
  limit: number;
}

export const clips = ({ clipNorm, clipValue }: UpdateSettings): boolean =>
  Math.min(clipNorm, clipValue) < Number.POSITIVE_INFINITY;

/**
 * @param largest the largest magnitude among the gradients, finite
 * @param sums sums of squares of runs of them, in float32; none where they are not cut by their norm
 */
export async function clipOf(
  { clipNorm, clipValue }: UpdateSettings,
  parameters: Parameters,
  largest: number,
  sums: Float32Array,
): Promise<Clip> {
  const limit = Math.min(clipValue, FLOAT32_MOST);
  const norm = sums.length === 0 || largest === 0 ? 0 : await gradientNorm(parameters, sums);
  return { factor: norm > clipNorm ? clipNorm / norm : 1, limit };
}

/** Sums of float32 squares below this have lost too many that are 0 in float32. */
const LEAST_SQUARES = 1e-24;

/** The root of the sum of all squares; in float64 from the gradients themselves where float32 holds no such squares. */
async function gradientNorm(parameters: Parameters, sums: Float32Array): Promise<number> {
  const inFloat32 = sums.reduce((total, sum) => total + sum, 0);
  if (inFloat32 > LEAST_SQUARES && inFloat32 < Number.POSITIVE_INFINITY) return Math.sqrt(inFloat32);
  let squares = 0;
  for (const g of await parameters.floats('gradients')) squares += g * g;
  return Math.sqrt(squares);
}

/** A clipped gradient, rounded to float32 as the kernel rounds. */
export function clipped(g: number, { factor, limit }: Clip): number {
  return Math.max(-limit, Math.min(limit, Math.fround(Math.fround(factor) * g)));
}
