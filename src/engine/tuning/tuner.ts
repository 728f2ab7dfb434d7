/**
 * The tuner finds out which choice (a variant of an operation with one of its tiles, plan/choice.ts) is fastest for a
 * shape class (shapes that differ too little to matter) on the adapter at hand: it times all choices of the class. That
 * takes seconds, happens when a plan first meets the class, and goes into a table, one entry per class, which is kept.
 *
 * All choices of a class give the same numbers but for rounding, so a table decides over the last bits of a result:
 * with the same table the bits are the same. What is in a table therefore stays as it is until it is measured anew.
 */
import { eitherSignal, tell, untilAborted, type WorkOptions } from '../../core/work.js';
import type { Gpu } from '../device/gpu.js';
import { choiceName } from '../plan/choice.js';
import type { Kernel } from '../plan/kernel.js';
import type { UntunedClass } from '../plan/plan.js';
import { type ChoiceTuner, planHelpers } from '../plan/recordPlan.js';
import {
  ClassMeter,
  compileClass,
  type PreparedClass,
  prepareClass,
  randomSource,
} from './measureChoices.js';
import { shippedTuning } from './shipped/index.js';
import {
  adapterIdentity,
  kernelsFingerprint,
  readTuning,
  type TuningDocument,
  type TuningEntry,
  type TuningIdentity,
  type TuningRefusal,
  TuningTable,
  tuningDocument,
} from './tuningTable.js';

/** What `tune` may take, where the caller does not say. */
const BUDGET_MS = { software: 20_000, hardware: 10_000 } as const;
/** Memory of one class with its choices. */
const MAX_BYTES = { software: 2 ** 29, hardware: 2 ** 31 } as const;

/** `onProgress` hears of `tune`, with the classes that are measured. */
export interface TuneOptions extends WorkOptions {
  /** After this time no other class is begun. Default 10 s on hardware, 20 s in software. */
  budgetMs?: number;
  /** Bytes that the buffers of one class may take. */
  maxBytes?: number;
  /** Kernels that stand in for built-in ones, by name. */
  kernels?: Readonly<Record<string, Kernel>>;
}

export interface TuneReport {
  /** An entry for each class, measured or not. */
  table: TuningTable;
  /** Classes that were measured. */
  measured: number;
  /** Classes that keep their default because the time was up. */
  outOfTime: number;
  /** Classes that keep it because they could not be measured, for want of memory for instance. */
  failed: number;
  ms: number;
}

const OUT_OF_TIME = 'the time was up';

/**
 * Measures the choices of each class on this adapter, those with most work first, on buffers of their own with
 * random numbers. A choice whose numbers deviate is not used there.
 * @throws DeviceLostError when the device is lost; whatever `signal` was aborted with
 */
export async function tune(
  gpu: Gpu,
  classes: readonly UntunedClass[],
  options: TuneOptions = {},
): Promise<TuneReport> {
  const { kind } = gpu.info;
  const { budgetMs = BUDGET_MS[kind], maxBytes = MAX_BYTES[kind], signal, kernels } = options;
  const started = performance.now();
  const prepared = classes
    .map((shape) => prepareClass(gpu, shape, kernels))
    .sort((a, b) => b.flops - a.flops);
  const table = new TuningTable();
  const source = await randomSource(gpu);
  let outOfTime = 0;
  try {
    let ready = compileNext(gpu, prepared[0]);
    for (const [i, one] of prepared.entries()) {
      signal?.throwIfAborted();
      if (performance.now() - started >= budgetMs) {
        table.merge([untouched(one)]);
        outOfTime++;
        continue;
      }
      await ready;
      // A hardware GPU does not mind the processor compiling meanwhile; a software one is the processor.
      const next = prepared[i + 1];
      if (kind === 'hardware') ready = compileNext(gpu, next);
      table.merge([await new ClassMeter(gpu, one, source, { maxBytes, signal }).measure()]);
      if (kind === 'software') ready = compileNext(gpu, next);
      await tell(options, { phase: 'tune', done: i + 1, total: prepared.length, unit: 'shapes' });
    }
    await ready;
  } finally {
    gpu.destroyBuffer(source);
  }
  const measured = table.entries.filter(({ ms }) => ms !== null).length;
  const failed = prepared.length - measured - outOfTime;
  return { table, measured, outOfTime, failed, ms: performance.now() - started };
}

async function compileNext(gpu: Gpu, next: PreparedClass | undefined): Promise<void> {
  if (next) await compileClass(gpu, next);
}

function untouched({ shape: { op, key, choices } }: PreparedClass): TuningEntry {
  return { op, key, choice: choiceName(choices[0]), ms: null, why: OUT_OF_TIME };
}

/** Where tables are kept: a file, a page's localStorage. */
export interface TuningStore {
  /** What was saved last, null if nothing was. May throw. */
  load(): unknown;
  /** May throw. */
  save(document: TuningDocument): unknown;
  /** Where it is kept, in words. */
  readonly where?: string;
}

export interface TunerSettings extends Omit<TuneOptions, 'kernels'> {
  /** The kernels that are tuned; others make a kept table invalid. */
  kernels: readonly Kernel[];
  /** The WebGPU implementation and its version; default: what the host calls itself. */
  runtime?: string;
  /** Without one, what is measured is forgotten with the Gpu. */
  store?: TuningStore;
  /** Measure classes that are not known; default true. Otherwise only what is known is used. */
  measure?: boolean;
  /** Start from nothing: neither kept nor shipped tables count, and there is no budget. */
  afresh?: boolean;
  /** After each measuring. */
  onTuned?: (report: TuneReport) => void;
  /** What is wrong with the kept table, why it cannot be kept, which choice gives wrong numbers. */
  onWarning?: (text: string) => void;
}

/** Measures what plans on one Gpu meet, and keeps it. */
export class Tuner implements ChoiceTuner {
  /** Entries that hold; also the Gpu's `tuning`. */
  readonly table: TuningTable;
  /** What this tuner measured itself. */
  readonly fresh = new TuningTable();
  readonly identity: TuningIdentity;
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly gpu: Gpu,
    private readonly settings: TunerSettings,
  ) {
    const { kernels, runtime = globalThis.navigator?.userAgent ?? '', afresh } = settings;
    this.identity = { adapter: adapterIdentity(gpu), runtime, kernels: kernelsFingerprint(kernels) };
    this.table = (afresh ? null : shippedTuning(gpu.info)) ?? new TuningTable();
  }

  /** Adds the kept table to what is known. */
  async recall(): Promise<void> {
    const { store, onWarning } = this.settings;
    const kept = await this.kept();
    if (typeof kept !== 'string') this.table.merge(kept);
    else if (kept !== 'outdated') {
      const place = store?.where ? `in ${store.where}` : 'that was kept';
      const what = kept === 'damaged' ? 'is damaged' : "is another adapter's";
      onWarning?.(`The table of kernel timings ${place} ${what}, and is not used.`);
    }
  }

  private async kept(): Promise<readonly TuningEntry[] | TuningRefusal> {
    try {
      const document = (await this.settings.store?.load()) ?? null;
      return document === null ? [] : readTuning(document, this.identity);
    } catch {
      return 'damaged';
    }
  }

  /**
   * Measures classes; one call at a time.
   * @param work of the caller, who may be gone before the measuring is done, and hears of it as the tuner's owner does
   */
  tune(classes: readonly UntunedClass[], work: WorkOptions = {}): Promise<void> {
    const before = this.last;
    const run = untilAborted(before, work.signal).then(() => this.tuneFor(classes, work));
    const over = run.catch(() => {});
    this.last = before.then(() => over);
    return run;
  }

  private async tuneFor(classes: readonly UntunedClass[], callers: WorkOptions): Promise<void> {
    const { signal: own = new AbortController().signal } = this.settings;
    const { signal, release } = eitherSignal(own, callers.signal);
    try {
      await this.tuneNow(classes, {
        signal,
        onProgress: async (progress) => {
          await this.settings.onProgress?.(progress);
          await callers.onProgress?.(progress);
        },
      });
    } finally {
      release();
    }
  }

  private async tuneNow(classes: readonly UntunedClass[], work: WorkOptions): Promise<void> {
    const { budgetMs, maxBytes, afresh, onTuned, onWarning } = this.settings;
    work.signal?.throwIfAborted();
    const budget = budgetMs ?? (afresh ? Number.POSITIVE_INFINITY : undefined);
    const unknown = classes.filter(({ op, key, choices }) => {
      const best = this.table.best(op, key);
      return !choices.some((choice) => best === choiceName(choice) || best === choice.variant);
    });
    if (unknown.length === 0) return;
    const report = await tune(this.gpu, unknown, { budgetMs: budget, maxBytes, ...work });
    this.table.merge(report.table.entries);
    this.fresh.merge(report.table.entries);
    for (const text of complaints(report.table)) onWarning?.(text);
    await this.keep();
    onTuned?.(report);
  }

  /** Saves what was measured, with what others saved meanwhile. */
  private async keep(): Promise<void> {
    const { store, onWarning } = this.settings;
    if (!store) return;
    const kept = await this.kept();
    const table = new TuningTable(typeof kept === 'string' ? [] : kept).merge(this.fresh.entries);
    try {
      await store.save(tuningDocument(this.identity, table));
    } catch (error) {
      onWarning?.(`The table of kernel timings cannot be kept: ${(error as Error).message}`);
    }
  }
}

/** One line for each choice that is not used somewhere. */
function complaints({ entries }: TuningTable): string[] {
  const about = new Map<string, { keys: string[]; why: string }>();
  for (const { op, key, wrong = {} } of entries) {
    for (const [choice, why] of Object.entries(wrong)) {
      const one = about.get(`${op} ${choice}`) ?? { keys: [], why };
      one.keys.push(key);
      about.set(`${op} ${choice}`, one);
    }
  }
  return [...about].map(([name, { keys, why }]) => {
    const more = keys.length > 1 ? ` and ${keys.length - 1} more` : '';
    return `${name} is not used for ${keys[0]}${more}: ${why}`;
  });
}

/**
 * Lets a Gpu use what is known of its adapter, and measure what is not.
 * Plans that exist already stay as they are.
 */
export async function startTuning(gpu: Gpu, settings: TunerSettings): Promise<Tuner> {
  const tuner = new Tuner(gpu, settings);
  if (!settings.afresh) await tuner.recall();
  gpu.tuning = tuner.table;
  planHelpers(gpu).tuner = settings.measure === false ? null : tuner;
  return tuner;
}
