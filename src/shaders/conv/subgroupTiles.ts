/** Register tiles of the subgroup kernels: which fit a shape, and which to try first. */
import type { Gpu } from '../../engine/device/gpu.js';
import type { Choice } from '../../engine/plan/choice.js';
import type { PlanBuilder } from '../../engine/plan/plan.js';
import { workgroupSize } from '../workgroups.js';

export interface Tile {
  /** Rows of the GEMM a thread works on: pixels, or input channels where weights are the result. */
  rows: number;
  /** Its columns, in vec4s. */
  columns4: number;
}

const TILES: readonly Tile[] = [8, 4, 2, 1].flatMap((rows) => [8, 4].map((columns4) => ({ rows, columns4 })));

/**
 * Cores that a software driver is counted on to have. Two, as on the machine where the tiles were measured: with
 * more, small maps would gain from smaller tiles, which the tuner finds.
 */
const SOFTWARE_CORES = 2;
/** Subgroups that keep a hardware GPU busy. */
const ENOUGH_SUBGROUPS = 2048;

/** Lanes that share loads: all of the smallest subgroup the adapter may use, 32 at most. */
export function sharingLanes(gpu: Gpu): number {
  return 2 ** Math.floor(Math.log2(Math.max(4, Math.min(32, gpu.info.subgroupMinSize))));
}

/** True where a workgroup of `sharingLanes` is exactly one subgroup, so that it can add up over its lanes. */
export function subgroupIsWorkgroup(gpu: Gpu): boolean {
  const { subgroupMinSize, subgroupMaxSize } = gpu.info;
  return subgroupMinSize === subgroupMaxSize && subgroupMinSize === sharingLanes(gpu);
}

/**
 * Time of a shape with a tile, in some unit: loads, broadcasts and multiply-adds of all tiles, idle cores included.
 * A load counts ten multiply-adds on software Vulkan (8 scalar loads and 8 inserts). Fits lavapipe's ranking of eight
 * tiles (2026-11-24, 1x1, 256 -> 128, 56x56); it only decides what is tried first.
 */
function cost(gpu: Gpu, { rows, columns4 }: Tile, m: number, n4: number): number {
  const lanes = sharingLanes(gpu);
  const load = 10;
  const each = 4 * columns4 * rows + load * rows + (load * 4 * columns4) / lanes + 4 * columns4;
  const tasks = Math.ceil(m / (rows * lanes)) * (n4 / columns4);
  if (gpu.info.kind === 'software') return each * Math.ceil(tasks / SOFTWARE_CORES);
  return each * Math.ceil(tasks / ENOUGH_SUBGROUPS);
}

/**
 * Where the driver compiles with LLVM (lavapipe, subgroups of eight), tiles from 2 by 16 to 8 by 32 run at about the
 * same speed, but their code takes 0.3 to 5 s to compile, one after the other: the small ones come first there
 * (2026-11-24, lavapipe 25.0.7, two cores).
 */
const SMALL_CODE = {
  forward: { rows: 2, columns4: 8 },
  /** Stem and transitions: three or four dispatches of a network, whose pipelines are not worth waiting for. */
  forwardSeldom: { rows: 2, columns4: 4 },
  backwardData: { rows: 2, columns4: 4 },
  backwardWeights: { rows: 4, columns4: 8 },
} as const satisfies Record<string, Tile>;

/** True where a large tile costs more to compile than it gains. */
export function prefersSmallCode(gpu: Gpu): boolean {
  return gpu.info.kind === 'software' && sharingLanes(gpu) > 4;
}

/** Tiles for a GEMM with m rows and 4*n4 columns, the most promising first. */
export function tilesFor(gpu: Gpu, direction: keyof typeof SMALL_CODE, m: number, n4: number): Tile[] {
  const lanes = sharingLanes(gpu);
  const small = SMALL_CODE[direction];
  const favourite = (tile: Tile) =>
    prefersSmallCode(gpu) && tile.rows === small.rows && tile.columns4 === small.columns4;
  return TILES.filter((t) => n4 % t.columns4 === 0 && (4 * t.columns4) % lanes === 0)
    .map((tile) => ({ tile, price: favourite(tile) ? 0 : cost(gpu, tile, m, n4) }))
    .sort((a, b) => a.price - b.price)
    .map(({ tile }) => tile);
}

/**
 * Constants of a subgroup kernel that multiplies pixels by weights. A row of the tile first suits SwiftShader's
 * subgroups of four, a column first all others (2026-11-24).
 */
export function subgroupChoice(gpu: Gpu, { rows, columns4 }: Tile): Choice<'subgroup'> {
  const byRow = gpu.info.subgroupMaxSize === 4;
  const [BY_COLUMN_O, BY_COLUMN_R] = byRow ? [1, columns4] : [4, 1];
  return { variant: 'subgroup', tile: { PIXELS: rows, OUT4: columns4, BY_COLUMN_O, BY_COLUMN_R } };
}

/** Threads in a workgroup of the subgroup kernels. */
export function subgroupWorkgroup(gpu: Gpu, onlyOneSubgroup: boolean): number {
  return onlyOneSubgroup || gpu.info.kind === 'software' ? sharingLanes(gpu) : 64;
}

/** Pixels per thread of the tiled kernels: four, unless the map is so small that lanes would idle. */
export function pixelTile(plan: PlanBuilder, count: number): number {
  return [4, 2].find((tile) => count >= tile * workgroupSize(plan)) ?? 1;
}
