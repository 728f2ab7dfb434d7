/** How time and memory grow with the batch and with the size of the images. */

import { OutOfMemoryError } from '../../src/core/errors.js';
import { byteSize } from '../../src/core/formatting.js';
import type { DenseNetConfig } from '../../src/densenet/architecture.js';
import { initialWeights } from '../../src/densenet/initialisers.js';
import type { Gpu } from '../../src/engine/device/gpu.js';
import { repeatedTimes } from '../../src/engine/timing/repeatRuns.js';
import type { Timing } from '../../src/engine/timing/statistics.js';
import type { WeightMap } from '../../src/training/parameterSpec.js';
import { fitLine, fitPower, type LineFit, type Point, type PowerFit } from './growthFit.js';
import {
  callModel,
  createModel,
  type PlanKind,
  randomBatch,
  type Workload,
  workloadName,
} from './workload.js';

const BATCHES = [1, 2, 4, 8, 16, 32, 64];
const SIZES = [64, 96, 128, 192, 224, 256, 320, 384, 448, 512];
const SAMPLES = 5;
/** For one point. */
const BUDGET_MS = 5000;

export interface ScalingOptions {
  config: DenseNetConfig;
  /** Size of the images while the batch grows, and batch while the size grows. */
  size: number;
  batch: number;
  batches?: readonly number[];
  sizes?: readonly number[];
  /** For all of it; points that would take too long are not timed. */
  budgetMs: number;
  /** GPU memory of a plan; points that would need more are left out. */
  maxBytes: number;
  signal?: AbortSignal;
  onProgress?: (what: string, done: number, total: number) => void;
}

export interface ScalingPoint extends Workload {
  /** Of a whole call; null where it was not timed. */
  timing: Timing | null;
  planBytes: number | null;
  /** Why it was left out, or not timed. */
  skipped: string | null;
}

export interface ScalingSeries {
  kind: PlanKind;
  /** What grows. */
  along: 'batch' | 'size';
  points: ScalingPoint[];
  /** Milliseconds and bytes: over the batch, or over the pixels of an image. */
  time: { line: LineFit | null; power: PowerFit | null };
  memory: { line: LineFit | null; power: PowerFit | null };
}

export interface ScalingReport {
  network: string;
  budgetMs: number;
  maxBytes: number;
  series: ScalingSeries[];
}

/** What grows, as the fits see it: images, or pixels of one. */
export function extent(
  along: ScalingSeries['along'],
  { batch, size }: Pick<Workload, 'batch' | 'size'>,
): number {
  return along === 'batch' ? batch : size * size;
}

/** @throws GpuError when the device is lost */
export async function benchScaling(gpu: Gpu, options: ScalingOptions): Promise<ScalingReport> {
  const { config, batches = BATCHES, sizes = SIZES, budgetMs, maxBytes, onProgress = () => {} } = options;
  const plans: { kind: PlanKind; along: ScalingSeries['along']; workloads: Workload[] }[] = (
    ['predict', 'train'] as const
  ).flatMap((kind) => [
    {
      kind,
      along: 'batch' as const,
      workloads: batches.map((batch) => ({ kind, batch, size: options.size })),
    },
    { kind, along: 'size' as const, workloads: sizes.map((size) => ({ kind, batch: options.batch, size })) },
  ]);
  const total = plans.reduce((sum, { workloads }) => sum + workloads.length, 0);
  const weights = initialWeights(config, 0);
  const started = performance.now();
  let done = 0;
  const series: ScalingSeries[] = [];
  for (const [i, { kind, along, workloads }] of plans.entries()) {
    const points: ScalingPoint[] = [];
    // What is left is shared by the series to come, so that a slow one does not eat up the others' time.
    const share = (budgetMs - (performance.now() - started)) / (plans.length - i);
    const deadline = performance.now() + share;
    for (const workload of workloads) {
      options.signal?.throwIfAborted();
      onProgress(workloadName(workload), done++, total);
      points.push(
        await point(
          gpu,
          { ...options, weights },
          workload,
          points.findLast(({ timing }) => timing),
          deadline,
        ),
      );
    }
    series.push({ kind, along, points, ...fits(along, points) });
  }
  return { network: config.name, budgetMs, maxBytes, series };
}

async function point(
  gpu: Gpu,
  { config, weights, maxBytes, signal }: ScalingOptions & { weights: WeightMap },
  workload: Workload,
  last: ScalingPoint | undefined,
  deadline: number,
): Promise<ScalingPoint> {
  const left = deadline - performance.now();
  const growth = last?.timing ? (workload.batch * workload.size ** 2) / (last.batch * last.size ** 2) : 0;
  const bytes = (last?.planBytes ?? 0) * growth;
  const nothing = { ...workload, timing: null, planBytes: null };
  if (bytes > maxBytes) return { ...nothing, skipped: `it would need about ${byteSize(bytes)}` };
  // A first call, one that counts, and compiling.
  const ms = 2.5 * (last?.timing?.ms ?? 0) * growth;
  // A model of its own: plans of other sizes must not stay in memory.
  const model = await createModel(gpu, { config, weights });
  try {
    const { kind, batch, size } = workload;
    const { bytes: planBytes } = await model.planOf(kind, batch, size);
    // Memory is known without running anything.
    const untimed = { ...workload, timing: null, planBytes };
    if (left <= 0) return { ...untimed, skipped: 'not timed: the time was up' };
    if (ms > left)
      return { ...untimed, skipped: `not timed: it would take about ${(ms / 1000).toFixed(0)} s` };
    const images = randomBatch(config, workload);
    const work = async () => {
      await callModel(model, kind, images);
      await gpu.idle();
    };
    const timing = await repeatedTimes(work, {
      count: SAMPLES,
      budgetMs: Math.min(deadline - performance.now(), BUDGET_MS),
      signal,
    });
    return { ...workload, timing, planBytes, skipped: null };
  } catch (error) {
    if (!(error instanceof OutOfMemoryError)) throw error;
    return { ...nothing, skipped: error.message };
  } finally {
    model.dispose();
  }
}

/** Line and power law through the points that were measured. */
export function fits(
  along: ScalingSeries['along'],
  points: readonly ScalingPoint[],
): Pick<ScalingSeries, 'time' | 'memory'> {
  const of = (y: (p: ScalingPoint) => number | null | undefined): Point[] =>
    points.flatMap((p) => {
      const value = y(p);
      return value === null || value === undefined ? [] : [{ x: extent(along, p), y: value }];
    });
  const both = (list: Point[]) => ({ line: fitLine(list), power: fitPower(list) });
  return { time: both(of((p) => p.timing?.ms)), memory: both(of((p) => p.planBytes)) };
}
