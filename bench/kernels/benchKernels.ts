/**
 * Every kernel on the shapes that the network really has: each variant is checked first, then timed in a step that
 * uses it wherever it fits. Kernels that no step holds are raced on the sizes of their checks.
 */

import { ChexError, UsageError } from '../../src/core/errors.js';
import { countParameters, type DenseNetConfig } from '../../src/densenet/architecture.js';
import { initialWeights } from '../../src/densenet/initialisers.js';
import type { Gpu } from '../../src/engine/device/gpu.js';
import { fixedTensor, type Plan, PlanBuilder } from '../../src/engine/plan/plan.js';
import { boundOf, type Peaks } from '../../src/engine/timing/peaks.js';
import { type Profile, profilePlan } from '../../src/engine/timing/profile.js';
import { byKernel, type ProfileRow } from '../../src/engine/timing/profileTables.js';
import { spreadOf } from '../../src/engine/timing/statistics.js';
import { adamStep } from '../../src/shaders/adam/adam.js';
import { type CheckResult, explain } from '../../src/shaders/checkCase.js';
import { ALL_KERNELS } from '../../src/shaders/registry.js';
import type { WeightMap } from '../../src/training/parameterSpec.js';
import { operationsOf } from '../../src/verify/checksOf.js';
import { raceVariants } from '../../src/verify/raceVariants.js';
import { selfTest } from '../../src/verify/selfTest.js';
import { createModel, filledPlan, type Workload } from '../model/workload.js';
import {
  type ConvolutionRow,
  convolutionRows,
  type KernelRow,
  kernelRows,
  type Measured,
  type VariantTotal,
  variantTotals,
} from './kernelRows.js';
import { partFinder, partsOf } from './parts.js';

const BUDGET_MS = { software: 12_000, hardware: 20_000 } as const;

export interface KernelOptions extends Workload {
  config: DenseNetConfig;
  peaks: Peaks;
  /** Operations, such as `conv.forward`, or folders of them, such as `conv`; default all. */
  ops?: readonly string[];
  /** Of the network, as `partsOf` names it: only its dispatches are timed. Default: the whole step. */
  part?: string;
  /** Runs of each step; default 5, fewer where they would take longer than `budgetMs`. */
  repeats?: number;
  /** For the runs of one variant. Default 12 s in software, 20 s on hardware. */
  budgetMs?: number;
  signal?: AbortSignal;
  onProgress?: (what: string, done: number, total: number) => void;
}

export interface FailedVariant {
  op: string;
  variant: string;
  why: string;
}

/** A dispatch of the step on the time axis, milliseconds since it began. */
export interface TimelineRow {
  label: string;
  kernel: string;
  begin: number;
  end: number;
}

export interface KernelReport extends Workload {
  network: string;
  /** What of the network was timed, and all below is of; left out where it was all. */
  part?: string;
  clock: Profile['clock'];
  resolutionNs: number;
  /** Runs of the step as it is. */
  repeats: number;
  /** Sum over the step's dispatches, milliseconds; passes of their own make it longer than a plain step. */
  stepMs: number;
  dispatches: number;
  checks: number;
  failed: FailedVariant[];
  rows: KernelRow[];
  totals: VariantTotal[];
  /** What the step spends, by kernel. */
  step: ProfileRow[];
  convolutions: ConvolutionRow[];
  timeline: TimelineRow[];
}

/** @throws UsageError for an unknown operation or part; GpuError when the device is lost */
export async function benchKernels(gpu: Gpu, options: KernelOptions): Promise<KernelReport> {
  const { kind, batch, size, precision, config, part, peaks, signal, onProgress = () => {} } = options;
  const ops = [...new Set(options.ops?.flatMap(operationsOf) ?? operationsOf(undefined))];
  if (part !== undefined) checkPart(config, part);
  const results = await selfTest(gpu, {
    ops,
    signal,
    onProgress: ({ done, total = 0 }) => onProgress('checking', done, total),
  });
  const failed = failures(results);
  const weights = initialWeights(config, 0);
  const sets = [{}, ...variantSets(gpu, ops)];
  const measured: Measured[] = [];
  for (const [i, forced] of sets.entries()) {
    signal?.throwIfAborted();
    const name = Object.values(forced)[0] ?? 'as the plan has it';
    onProgress(name, i, sets.length);
    const profile = await attempt(forced, failed, () =>
      profileWith(gpu, { ...options, ops }, weights, forced),
    );
    if (profile) measured.push({ profile, forced });
  }
  onProgress('kernels outside the step', sets.length, sets.length);
  if (measured[0].profile.dispatches.length === 0) {
    throw new UsageError(
      `A ${kind} step of ${config.name} has nothing to time in ${part}.`,
      'Choose another part.',
    );
  }
  const inStep = new Set(measured[0].profile.dispatches.map(({ op }) => op));
  const rows = kernelRows(measured, (op) => ops.includes(op), peaks);
  // Of a part, what it does not hold is not asked for.
  for (const op of part === undefined ? ops.filter((name) => !inStep.has(name)) : []) {
    signal?.throwIfAborted();
    if (op === 'adam.step') rows.push(...(await adamRows(gpu, config, peaks)));
    else rows.push(...(await raceRows(gpu, op, options, failed)));
  }
  const { profile } = measured[0];
  return {
    kind,
    batch,
    size,
    ...(precision && { precision }),
    network: config.name,
    ...(part !== undefined && { part }),
    clock: profile.clock,
    resolutionNs: profile.resolutionNs,
    repeats: profile.repeats,
    stepMs: profile.ns / 1e6,
    dispatches: profile.dispatches.length,
    checks: results.length,
    failed,
    rows,
    totals: variantTotals(rows, peaks),
    step: byKernel(profile, peaks),
    convolutions: convolutionRows(profile, peaks),
    timeline: timelineRows(profile),
  };
}

function checkPart(config: DenseNetConfig, part: string): void {
  const parts = partsOf(config);
  if (parts.includes(part)) return;
  throw new UsageError(`${config.name} has no part "${part}".`, `Its parts are ${parts.join(', ')}.`);
}

/** One line per variant: its first failure. */
function failures(results: readonly CheckResult[]): FailedVariant[] {
  const failed: FailedVariant[] = [];
  for (const result of results) {
    const { op, variant, ok } = result;
    if (ok || failed.some((known) => known.op === op && known.variant === variant)) continue;
    failed.push({ op, variant, why: explain(result) });
  }
  return failed;
}

/** What to insist on: one variant's name at a time, for every wanted operation that has it. */
function variantSets(gpu: Gpu, ops: readonly string[]): Record<string, string>[] {
  const kernels = ALL_KERNELS.filter(({ op, name }) => ops.includes(op) && !gpu.broken.has(name));
  const names = [...new Set(kernels.map(({ variant }) => variant))];
  return names.map((name) =>
    Object.fromEntries(kernels.filter(({ variant }) => variant === name).map(({ op }) => [op, name])),
  );
}

/**
 * A step with forced variants that fails is reported, and the others go on; the plain step has to work. Null also
 * where no shape takes the variants, for want of a feature for instance.
 */
async function attempt(
  forced: Readonly<Record<string, string>>,
  failed: FailedVariant[],
  work: () => Promise<Profile | null>,
): Promise<Profile | null> {
  const [first] = Object.entries(forced);
  try {
    return await work();
  } catch (error) {
    if (!first || !(error instanceof ChexError)) throw error;
    failed.push({ op: Object.keys(forced).join(', '), variant: first[1], why: error.message });
    return null;
  }
}

/** What counts of a plan: of the part that is asked for; with variants insisted on, those and what belongs to them. */
function dispatchesToTime(
  plan: Plan,
  { config, part, ops }: Pick<KernelOptions, 'config' | 'part'> & { ops: readonly string[] },
  asIs: boolean,
): number[] {
  const partOf = partFinder(config);
  let kept = -1;
  return [...plan.dispatches.keys()].filter((i) => {
    const { label, kernel } = plan.dispatches[i];
    if (part !== undefined && partOf({ label }) !== part) return false;
    const follows =
      kept === i - 1 && kernel.op.startsWith('reduce.') && plan.dispatches[kept]?.label === label;
    if (!asIs && !ops.includes(kernel.op) && !follows) return false;
    kept = i;
    return true;
  });
}

async function profileWith(
  gpu: Gpu,
  options: KernelOptions & { ops: readonly string[] },
  weights: WeightMap,
  variants: Readonly<Record<string, string>>,
): Promise<Profile | null> {
  const {
    kind,
    batch,
    size,
    precision,
    config,
    repeats,
    budgetMs = BUDGET_MS[gpu.info.kind],
    signal,
  } = options;
  const model = await createModel(gpu, { config, weights, variants, precision });
  try {
    const asIs = Object.keys(variants).length === 0;
    const plan = await model.planOf(kind, batch, size);
    const chosen = dispatchesToTime(plan, options, asIs);
    const taken = chosen.some((i) => {
      const { op, variant } = plan.dispatches[i].kernel;
      return variants[op] === variant;
    });
    if (!asIs && !taken) return null;
    // A software adapter takes as long for zeros, and up to a minute for a naive step: there only the first is filled.
    if (asIs || gpu.info.kind === 'hardware') await filledPlan(model, { kind, batch, size });
    return await profilePlan(gpu, plan, { repeats, budgetMs, signal, chosen });
  } finally {
    gpu.assertAlive();
    model.dispose();
  }
}

/** Adam's update of all the network's parameters: a plan of its own, so no part of the step above. */
async function adamRows(gpu: Gpu, config: DenseNetConfig, peaks: Peaks): Promise<KernelRow[]> {
  const { trainable } = countParameters(config);
  const make = (label: string) => fixedTensor(gpu, label, [1, 1, 1, trainable]);
  const tensors = await gpu.guarded('the parameters of Adam', () => {
    const hyper = fixedTensor(gpu, 'Adam', [1, 1, 1, 4]);
    gpu.device.queue.writeBuffer(hyper.storage.buffer!, 0, new Float32Array([1e-3, 0.9, 0.999, 1e-7]));
    return { w: make('w'), gradient: make('gradient'), m: make('m'), v: make('v'), hyper };
  });
  try {
    const measured: Measured[] = [];
    for (const forced of [{}, ...variantSets(gpu, ['adam.step'])]) {
      const builder = new PlanBuilder(gpu, 'Adam', { variants: forced });
      adamStep(builder, 'Adam', tensors);
      const plan = await builder.build();
      try {
        measured.push({ profile: await profilePlan(gpu, plan), forced });
      } finally {
        plan.dispose();
      }
    }
    return kernelRows(measured, () => true, peaks);
  } finally {
    for (const { storage } of Object.values(tensors)) gpu.destroyBuffer(storage.buffer!);
  }
}

/** Kernels that the step does not hold, on the shapes that their checks keep for a race. */
async function raceRows(
  gpu: Gpu,
  op: string,
  { peaks, signal }: KernelOptions,
  failed: FailedVariant[],
): Promise<KernelRow[]> {
  const results = await raceVariants(gpu, op, { peaks, signal });
  const rows: KernelRow[] = [];
  for (const row of results) {
    const { variant, title, ok, error = '', samples, ms } = row;
    if (!ok) {
      failed.push({ op, variant, why: error });
      continue;
    }
    rows.push({
      op,
      variant,
      tile: '',
      shape: title,
      count: 0,
      ms,
      noise: spreadOf(samples),
      flops: row.flops,
      bytes: row.bytes,
      gflops: row.gflops,
      gbs: row.gbs,
      ofPeak: row.ofPeak ?? 0,
      bound: boundOf(row, peaks),
      chosen: false,
      fastest: results.every((other) => other.title !== title || !other.ok || other.ms >= ms),
    });
  }
  return rows;
}

function timelineRows({ dispatches, timeline }: Profile): TimelineRow[] {
  const origin = timeline[0]?.begin ?? 0;
  return timeline.map(({ begin, end }, i) => ({
    label: dispatches[i].label,
    kernel: `${dispatches[i].op}.${dispatches[i].variant}`,
    begin: begin - origin,
    end: end - origin,
  }));
}
