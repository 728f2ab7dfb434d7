/** The network as a whole: how long the first call takes and every later one, and what it needs. */
import type { DenseNetConfig } from '../../src/densenet/architecture.js';
import type { Gpu } from '../../src/engine/device/gpu.js';
import { planHelpers } from '../../src/engine/plan/recordPlan.js';
import { type Peaks, ratesOf } from '../../src/engine/timing/peaks.js';
import { profilePlan } from '../../src/engine/timing/profile.js';
import { grouped, type ProfileRow } from '../../src/engine/timing/profileTables.js';
import { repeatedTimes } from '../../src/engine/timing/repeatRuns.js';
import type { Timing } from '../../src/engine/timing/statistics.js';
import { workGroup } from '../kernels/kernelRows.js';
import { callModel, createModel, randomBatch, type Workload } from './workload.js';

export interface ModelOptions extends Workload {
  config: DenseNetConfig;
  peaks: Peaks;
  /** Calls that count. Default 10. */
  samples?: number;
  /** For each of the three timings. Default 20 s. */
  budgetMs?: number;
  signal?: AbortSignal;
  onProgress?: (what: string, done: number, total: number) => void;
}

export interface ModelRow extends Workload, Timing {
  network: string;
  imagesPerSecond: number;
  /**
   * The plan alone, milliseconds: submitted and waited for, the batch being on the GPU already. For training that
   * is forward, loss and backward without Adam's update.
   */
  plan: Timing;
  /** From a plan that nothing is compiled for to its first result, milliseconds. */
  firstMs: number;
  /** The part of it until all pipelines are compiled and the memory is there. */
  compileMs: number;
  /** Spent on measuring which kernels are fastest, before; no part of the two above. */
  tuneMs: number;
  /** Different kernels and constants in the plan. */
  pipelines: number;
  dispatches: number;
  /** GPU memory of the plan: activations, their gradients, uniforms. */
  planBytes: number;
  planBytesAnImage: number;
  /** All GPU buffers alive, with weights, gradients and moments. */
  allBytes: number;
  flops: number;
  /** Of the plan alone. */
  gflops: number;
  /** Each dispatch's shortest possible time by the plan's time. */
  ofPeak: number;
  /** Where the plan's time goes, by what dispatches do; each ran by itself. Documents of before have none. */
  groups?: ProfileRow[];
}

/** Of the profile that `groups` are of. */
const PROFILE_REPEATS = 3;

/**
 * @param gpu a device on which nothing was compiled yet, so that the first call is one
 * @throws OutOfMemoryError, GpuError
 */
export async function benchModel(gpu: Gpu, options: ModelOptions): Promise<ModelRow> {
  const { kind, batch, size, precision, config, peaks, samples = 10, budgetMs = 20_000, signal } = options;
  const { onProgress = () => {} } = options;
  const timing = (what: string) => ({
    count: samples,
    budgetMs,
    warm: true,
    signal,
    onDone: (done: number, total: number) => onProgress(what, done, total),
  });
  const images = randomBatch(config, { batch, size });
  const model = await createModel(gpu, { config, precision });
  try {
    onProgress('first call', 0, samples);
    const tuning = watchTuner(gpu);
    let plan: Awaited<ReturnType<typeof model.planOf>>;
    const started = performance.now();
    try {
      plan = await model.planOf(kind, batch, size);
    } finally {
      tuning.stop();
    }
    const compileMs = performance.now() - started - tuning.ms;
    const called = performance.now();
    await callModel(model, kind, images);
    const firstMs = compileMs + performance.now() - called;
    await gpu.idle();
    const timed = await repeatedTimes(async () => {
      await callModel(model, kind, images);
      // Adam's update is submitted, not waited for.
      await gpu.idle();
    }, timing('whole calls'));
    const alone = await repeatedTimes(async () => {
      plan.run();
      await gpu.idle();
    }, timing('the plan alone'));
    onProgress('by kind of work', 0, PROFILE_REPEATS);
    const profile = await profilePlan(gpu, plan, {
      repeats: PROFILE_REPEATS,
      budgetMs,
      signal,
      onProgress: ({ done }) => onProgress('by kind of work', done, PROFILE_REPEATS),
    });
    const { flops, gflops, ofPeak } = ratesOf(plan.dispatches, alone.ms * 1e6, peaks);
    return {
      kind,
      batch,
      size,
      ...(precision && { precision }),
      network: config.name,
      ...timed,
      imagesPerSecond: (1000 * batch) / timed.ms,
      plan: alone,
      firstMs,
      compileMs,
      tuneMs: tuning.ms,
      pipelines: new Set(plan.dispatches.map((d) => `${d.kernel.name} ${JSON.stringify(d.constants)}`)).size,
      dispatches: plan.dispatches.length,
      planBytes: plan.bytes,
      planBytesAnImage: plan.bytes / batch,
      allBytes: gpu.allocatedBytes,
      flops,
      gflops,
      ofPeak,
      groups: grouped(profile, peaks, workGroup),
    };
  } finally {
    model.dispose();
  }
}

/** Counts the time that a Gpu's tuner takes: it is spent once for an adapter, not at every start. */
function watchTuner(gpu: Gpu): { ms: number; stop: () => void } {
  const helpers = planHelpers(gpu);
  const { tuner } = helpers;
  const watch = {
    ms: 0,
    stop: () => {
      helpers.tuner = tuner;
    },
  };
  helpers.tuner = tuner && {
    async tune(classes, signal) {
      const started = performance.now();
      await tuner.tune(classes, signal);
      watch.ms += performance.now() - started;
    },
  };
  return watch;
}
