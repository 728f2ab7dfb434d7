/** Tiles of the kernel that multiplies subgroup matrices: which fit an adapter and a shape, which to try first. */
import type { Gpu } from '../../engine/device/gpu.js';
import type { Choice } from '../../engine/plan/choice.js';
import type { Scalars } from '../../engine/plan/kernel.js';
import { matrixConfig } from '../../engine/wgsl/subgroupMatrix.js';
import { LEAST_N, tileCost } from './workgroupTiles.js';

/** [TILE_M, TILE_N, TILE_K, SUBGROUPS_M, SUBGROUPS_N], constants of forward.subgroupMatrix.wgsl. */
const TILES = [
  [128, 128, 32, 2, 4],
  [64, 128, 32, 2, 4],
  [64, 64, 32, 2, 2],
  [128, 32, 32, 4, 1],
  [64, 32, 32, 4, 1],
  [32, 32, 32, 2, 1],
].map(([TILE_M, TILE_N, TILE_K, SUBGROUPS_M, SUBGROUPS_N]) => ({
  TILE_M,
  TILE_N,
  TILE_K,
  SUBGROUPS_M,
  SUBGROUPS_N,
}));

/** What it costs to lay out one element, in multiply-adds of the matrix units. */
const LAYING_OUT = 128;

/** Constants of the adapter's own: sizes of its matrices and its subgroups. */
export function matrixConstants(gpu: Gpu): Scalars {
  const { m = 0, n = 0, k = 0, halfSum = false, subgroup = 0 } = matrixConfig(gpu) ?? {};
  return { MATRIX_M: m, MATRIX_N: n, MATRIX_K: k, HALF_SUM: halfSum ? 1 : 0, SUBGROUP: subgroup };
}

/**
 * The choices for a GEMM with m rows and n columns, the most promising first; none where the adapter has no matrices.
 */
export function matrixChoices(gpu: Gpu, m: number, n: number): Choice<'subgroupMatrix'>[] {
  const config = matrixConfig(gpu);
  if (!config) return [];
  const { maxComputeWorkgroupStorageSize, maxComputeInvocationsPerWorkgroup } = gpu.device.limits;
  const fitting = TILES.flatMap((tile) => {
    const { TILE_M, TILE_N, TILE_K, SUBGROUPS_M, SUBGROUPS_N } = tile;
    const subgroups = SUBGROUPS_M * SUBGROUPS_N;
    const threads = subgroups * config.subgroup;
    const halves = TILE_M * (TILE_K + 8) + TILE_K * (TILE_N + 8);
    const bytes = 2 * halves + (config.halfSum ? 2 : 4) * subgroups * config.m * config.n;
    const whole =
      TILE_M % (SUBGROUPS_M * config.m) === 0 &&
      TILE_N % (SUBGROUPS_N * config.n) === 0 &&
      TILE_K % config.k === 0 &&
      (TILE_M * TILE_K) % (4 * threads) === 0 &&
      (TILE_K * TILE_N) % (4 * threads) === 0 &&
      threads % (TILE_K / 4) === 0;
    const fits = bytes <= maxComputeWorkgroupStorageSize && threads <= maxComputeInvocationsPerWorkgroup;
    const wanted = TILE_N === LEAST_N || TILE_N < 2 * n;
    return whole && fits && wanted
      ? [{ tile, price: tileCost(TILE_M, TILE_N, threads, LAYING_OUT, { m, n }) }]
      : [];
  });
  return fitting
    .sort((a, b) => a.price - b.price)
    .map(({ tile }) => ({ variant: 'subgroupMatrix' as const, tile }));
}
