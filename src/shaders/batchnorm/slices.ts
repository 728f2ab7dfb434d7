/** How the batch norm kernels share out the pixels: in slices, and in runs per thread. */
import type { PlanBuilder } from '../../engine/plan/plan.js';
import { PIXELS_PER_SLICE } from '../workgroups.js';

/** Threads that keep an adapter busy. */
const ENOUGH_THREADS = { software: 32, hardware: 16384 } as const;
/** The same where every thread first adds up all slices of its channel. */
const ENOUGH_ADDING_THREADS = { software: 128, hardware: 16384 } as const;
const LEAST_PIXELS = 16;

/** Slices of `count` pixels of c channels, each short enough for one sum. */
export function pixelSlices(
  plan: PlanBuilder,
  count: number,
  c: number,
): { pixelsPerSlice: number; slices: number } {
  const wanted = Math.max(count / PIXELS_PER_SLICE, ENOUGH_THREADS[plan.gpu.info.kind] / (c / 4));
  const pixelsPerSlice = Math.max(Math.min(LEAST_PIXELS, count), Math.floor(count / Math.max(1, wanted)));
  return { pixelsPerSlice, slices: Math.ceil(count / pixelsPerSlice) };
}

/** Pixels per thread of the kernels that end a gradient. */
export function pixelsPerThread(plan: PlanBuilder, count: number, c: number): number {
  const runs = Math.ceil(ENOUGH_ADDING_THREADS[plan.gpu.info.kind] / (c / 4));
  return Math.max(Math.min(LEAST_PIXELS, count), Math.ceil(count / runs));
}
