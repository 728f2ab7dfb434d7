/** Tiles of the kernels that go through workgroup memory: which fit an adapter and a shape, which to try first. */
import type { Gpu } from '../../engine/device/gpu.js';
import type { Choice } from '../../engine/plan/choice.js';
import type { Scalars } from '../../engine/plan/kernel.js';

/** [TILE_M, TILE_N, TILE_K, ROWS, COLUMNS4], the constants of such a kernel, see forward.workgroup.wgsl. */
const TILES = [
  [128, 128, 8, 8, 2],
  [128, 64, 16, 8, 2],
  [64, 128, 16, 8, 2],
  [64, 64, 16, 8, 1],
  [128, 32, 16, 8, 1],
  [64, 32, 16, 8, 1],
  [32, 64, 16, 4, 1],
  [32, 32, 16, 4, 1],
].map(([TILE_M, TILE_N, TILE_K, ROWS, COLUMNS4]) => ({ TILE_M, TILE_N, TILE_K, ROWS, COLUMNS4 }));
type WorkgroupTile = (typeof TILES)[number];

export const LEAST_N = 32;
/** Shorter sums over pixels are not worth a workgroup. */
export const LEAST_PIXELS_PER_SLICE = 64;

/** Threads of a workgroup: each computes ROWS by 4*COLUMNS4 elements of its tile. */
export function workgroupThreads({ TILE_M, TILE_N, ROWS, COLUMNS4 }: Scalars): number {
  return (TILE_M / ROWS) * (TILE_N / (4 * COLUMNS4));
}

/** Threads that keep a hardware GPU busy. */
const ENOUGH_THREADS = 65536;
/** What it costs to lay out one element in workgroup memory, in multiply-adds. */
const LAYING_OUT = 16;
/** In software, where a barrier is dear: what compiles soonest, to be checked and raced but never chosen. */
const SOFTWARE: Choice<'workgroup'> = {
  variant: 'workgroup',
  tile: { TILE_M: 32, TILE_N: 32, TILE_K: 8, ROWS: 4, COLUMNS4: 1 },
  untimed: true,
};

/**
 * Work for m by n matrices with a tile, idle parts of the GPU included, per length of their sums.
 * @param layingOut multiply-adds that it costs to lay out one element in workgroup memory
 */
export function tileCost(
  tileM: number,
  tileN: number,
  threads: number,
  layingOut: number,
  { m, n, matrices = 1 }: { m: number; n: number; matrices?: number },
): number {
  const workgroups = matrices * Math.ceil(m / tileM) * Math.ceil(n / tileN);
  const idle = Math.max(1, ENOUGH_THREADS / (workgroups * threads));
  return workgroups * (tileM * tileN + layingOut * (tileM + tileN)) * idle;
}

/**
 * The choices for a GEMM with m rows and n columns, the most promising first: a guess (no GPU was at hand), which
 * decides what is used where nothing was measured.
 * @param matrices so many of them, with other numbers or for a part of the sums
 */
export function workgroupChoices(gpu: Gpu, m: number, n: number, matrices = 1): Choice<'workgroup'>[] {
  if (gpu.info.kind === 'software') return [SOFTWARE];
  const { maxComputeWorkgroupStorageSize, maxComputeInvocationsPerWorkgroup } = gpu.device.limits;
  const bytes = ({ TILE_M, TILE_N, TILE_K }: WorkgroupTile) => 4 * TILE_K * (TILE_M + TILE_N);
  const fits = (tile: WorkgroupTile) =>
    bytes(tile) <= maxComputeWorkgroupStorageSize &&
    workgroupThreads(tile) <= maxComputeInvocationsPerWorkgroup &&
    (tile.TILE_N === LEAST_N || tile.TILE_N < 2 * n);
  return TILES.filter(fits)
    .map((tile) => {
      const { TILE_M, TILE_N } = tile;
      return {
        tile,
        price: tileCost(TILE_M, TILE_N, workgroupThreads(tile), LAYING_OUT, { m, n, matrices }),
      };
    })
    .sort((a, b) => a.price - b.price)
    .map(({ tile }) => ({ variant: 'workgroup', tile }));
}

/** On hardware tiles in workgroup memory come first, in software behind all others. */
export function withWorkgroup<V extends string>(
  gpu: Gpu,
  others: readonly Choice<V>[],
  workgroup: readonly Choice<V>[],
): Choice<V>[] {
  return gpu.info.kind === 'hardware' ? [...workgroup, ...others] : [...others, ...workgroup];
}
