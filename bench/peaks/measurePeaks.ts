/**
 * What the adapter at hand reaches at most, measured, so that a kernel's time can be told as a share of it: fused
 * multiply-adds on registers, and a copy from memory to memory.
 */
import { OutOfMemoryError } from '../../src/core/errors.js';
import type { Gpu } from '../../src/engine/device/gpu.js';
import { Kernel } from '../../src/engine/plan/kernel.js';
import { fixedTensor, linear, PlanBuilder } from '../../src/engine/plan/plan.js';
import type { Tensor } from '../../src/engine/plan/tensor.js';
import { type Peaks, ratesOf } from '../../src/engine/timing/peaks.js';
import { bestOf, racePlans } from '../../src/engine/timing/race.js';
import copy from './copy.wgsl';
import fma from './fma.wgsl';

const FMA = new Kernel('peak.fma', 'registers', fma);
const COPY = new Kernel('peak.copy', 'vec4', copy);
/** Multiply-adds of each accumulator. */
const CHAIN = 256;
/** Samples of each, after a warm-up; the best counts. */
const ROUNDS = { software: 3, hardware: 8 } as const;
/** A vec4f fma. */
const FLOPS = 8;

/** What is tried. */
export interface PeakSpace {
  /** Of the multiply-adds. */
  threads: number;
  workgroups: readonly number[];
  /** Sizes of the source of a copy, MiB. */
  megabytes: readonly number[];
}

/** Software runs a workgroup on one core; a GPU wants many threads in flight. */
const SPACE: Record<'software' | 'hardware', PeakSpace> = {
  software: { threads: 2 ** 13, workgroups: [8, 64], megabytes: [1, 64, 128] },
  hardware: { threads: 2 ** 20, workgroups: [64, 256], megabytes: [1, 256, 512, 1024] },
};
const ACCUMULATORS = [1, 2, 4, 8, 16];
const VECTORS = [4, 16];
/** Copies of fewer bytes than this can stay in a cache, and say nothing about memory. */
const BEYOND_CACHES = 64 * 2 ** 20;

export interface FmaSample {
  accumulators: number;
  workgroup: number;
  gflops: number;
}

export interface CopySample {
  /** Of the source; as many are written. */
  bytes: number;
  vectors: number;
  workgroup: number;
  gbs: number;
}

export interface PeakReport extends Peaks {
  /** The fastest copy that fits into caches, 1e9 bytes per second. */
  cacheGbs: number;
  fma: FmaSample[];
  copy: CopySample[];
}

export interface PeakOptions {
  /** Default: by the kind of adapter. */
  space?: PeakSpace;
  signal?: AbortSignal;
  onProgress?: (done: number, total: number) => void;
}

/**
 * Measures both peaks, some seconds.
 * @throws GpuError when the device is lost
 */
export async function measurePeaks(gpu: Gpu, options: PeakOptions = {}): Promise<PeakReport> {
  const { signal, onProgress = () => {} } = options;
  const { threads, workgroups, megabytes } = options.space ?? SPACE[gpu.info.kind];
  const { maxStorageBufferBindingSize, maxBufferSize } = gpu.device.limits;
  const largest = Math.min(maxStorageBufferBindingSize, maxBufferSize);
  const sizes = [...new Set(megabytes.map((size) => Math.min(size * 2 ** 20, largest)))];
  const total = workgroups.length * (2 * ACCUMULATORS.length + VECTORS.length * sizes.length);
  let done = 0;
  const report: PeakReport = { gflops: 0, gbs: 0, cacheGbs: 0, fma: [], copy: [] };
  const multiply = async () => {
    for (const workgroup of workgroups) {
      for (const accumulators of ACCUMULATORS) {
        signal?.throwIfAborted();
        const gflops = await fmaRate(gpu, { threads, workgroup, accumulators });
        report.fma.push({ accumulators, workgroup, gflops });
        onProgress(++done, total);
      }
    }
  };
  // Before and after the copies: a shared machine has slow and fast moments, and a peak is the fast one.
  await multiply();
  for (const bytes of sizes) {
    const pair = await copyBuffers(gpu, bytes);
    try {
      for (const workgroup of workgroups) {
        for (const vectors of VECTORS) {
          signal?.throwIfAborted();
          if (pair) {
            const gbs = await copyRate(gpu, pair, { vectors, workgroup });
            report.copy.push({ bytes, vectors, workgroup, gbs });
          }
          onProgress(++done, total);
        }
      }
    } finally {
      for (const tensor of pair ?? []) gpu.destroyBuffer(tensor.storage.buffer!);
    }
  }
  await multiply();
  const beyond = report.copy.filter(({ bytes }) => bytes >= BEYOND_CACHES);
  report.gflops = Math.max(...report.fma.map(({ gflops }) => gflops));
  // An adapter without room for such a copy: the largest one has to do.
  const counted = beyond.length > 0 ? beyond : report.copy.filter(({ bytes }) => bytes === sizes.at(-1));
  report.gbs = Math.max(...counted.map(({ gbs }) => gbs));
  report.cacheGbs = Math.max(
    ...report.copy.filter(({ bytes }) => bytes < BEYOND_CACHES).map(({ gbs }) => gbs),
  );
  return report;
}

async function fmaRate(
  gpu: Gpu,
  { threads, workgroup, accumulators }: { threads: number; workgroup: number; accumulators: number },
): Promise<number> {
  const [x, y] = await gpu.guarded('the numbers to multiply', () => {
    const factors = fixedTensor(gpu, 'factors', [1, 1, 3, 4]);
    // Fixed point of s * 0.5 + 0.5: the sums tend to 1.
    gpu.device.queue.writeBuffer(factors.storage.buffer!, 0, new Float32Array(12).fill(0.5));
    return [factors, fixedTensor(gpu, 'sums', [1, 1, threads, 4])];
  });
  try {
    const builder = new PlanBuilder(gpu, 'peak of multiply-adds');
    builder.add({
      kernel: FMA,
      label: 'fma',
      constants: { ACCUMULATORS: accumulators, ROUNDS: CHAIN, WORKGROUP: workgroup },
      params: { threads },
      tensors: { x, y },
      workgroups: linear(threads, workgroup),
      shape: `${threads} threads`,
      flops: threads * CHAIN * accumulators * FLOPS,
      bytes: threads * 16,
    });
    return await rate(gpu, builder, 'gflops');
  } finally {
    for (const tensor of [x, y]) gpu.destroyBuffer(tensor.storage.buffer!);
  }
}

/** Source and target; null where the adapter has no room for them. */
async function copyBuffers(gpu: Gpu, bytes: number): Promise<[Tensor, Tensor] | null> {
  const make = (label: string) => fixedTensor(gpu, label, [1, 1, Math.floor(bytes / 16), 4]);
  try {
    return await gpu.guarded('the buffers of a copy', (): [Tensor, Tensor] => [
      make('source'),
      make('target'),
    ]);
  } catch (error) {
    if (error instanceof OutOfMemoryError) return null;
    throw error;
  }
}

async function copyRate(
  gpu: Gpu,
  [x, y]: readonly [Tensor, Tensor],
  { vectors, workgroup }: { vectors: number; workgroup: number },
): Promise<number> {
  const count = x.shape[2];
  const builder = new PlanBuilder(gpu, 'peak of memory');
  builder.add({
    kernel: COPY,
    label: 'copy',
    constants: { VECTORS: vectors, WORKGROUP: workgroup },
    params: { vectors: count },
    tensors: { x, y },
    workgroups: linear(Math.ceil(count / vectors), workgroup),
    shape: `${count} vec4f`,
    flops: 0,
    bytes: 32 * count,
  });
  return rate(gpu, builder, 'gbs');
}

/** 1e9 FLOPs or bytes per second of a plan: the best of several runs, as it is a peak. */
async function rate(gpu: Gpu, builder: PlanBuilder, unit: 'gflops' | 'gbs'): Promise<number> {
  const plan = await builder.build();
  try {
    const [times] = await racePlans(gpu, [plan], { rounds: ROUNDS[gpu.info.kind], sampleMs: 0, warmUps: 1 });
    return ratesOf(plan.dispatches, bestOf(times) * 1e6, null)[unit];
  } finally {
    plan.dispose();
  }
}
