/**
 * Kernels are checked before a plan uses them: each pipeline of the plan, so each kernel with its very constants, on
 * the small cases of the operations (`*.check.ts`). What is compiled for a check is what the plan then runs, so
 * checking costs little more than what has to be compiled anyway. Kernels that no plan uses are `chexgpu doctor`'s.
 * Where somebody waits for the first result, plans may be built first and checked behind it.
 */
import { oneOf, requireFields } from '../core/arguments.js';
import { checkWork, tell, untilAborted, WORK, type WorkOptions } from '../core/work.js';
import type { Gpu } from '../engine/device/gpu.js';
import { requireGpu } from '../engine/device/requireGpu.js';
import type { Kernel, Scalars } from '../engine/plan/kernel.js';
import type { PlanBuilder } from '../engine/plan/plan.js';
import { type KernelChecker, planHelpers } from '../engine/plan/recordPlan.js';
import { fingerprint } from '../engine/tuning/tuningTable.js';
import {
  readVerdicts,
  type Verdict,
  type VerdictIdentity,
  type VerdictStore,
  verdictDocument,
  verdictIdentity,
} from '../engine/tuning/verdicts.js';
import type { CheckResult } from '../shaders/checkCase.js';
import type { SmallCases } from './smallCases.js';

/**
 * Where verdicts are kept, and who is told of them: `onProgress` of `check`, with the pipelines of the plan at hand
 * that are done and the kernel that is waited for. An aborted signal ends the calls that would have kernels checked.
 */
export interface KernelCheckOptions extends WorkOptions {
  /** Where verdicts are kept; without one they are forgotten with the Gpu. */
  store?: VerdictStore;
  /** The WebGPU implementation and this library, with their versions; default: what the host calls itself. */
  runtime?: string;
  /**
   * `before` a plan uses them; `later`: what nothing is known of waits for `checkWaiting`, so that a first result
   * comes sooner, as long as no kernel was found wrong. Default: `before`.
   */
  when?: 'before' | 'later';
  /** A variant gives wrong numbers and is not used. */
  onBroken?: (kernel: string, why: string) => void;
}

/**
 * Checks kernels before models on this Gpu use them, and has them replaced by others where they give wrong numbers on
 * this adapter. A prediction has its own kernels checked, a training those of the way back as well, each once. In a
 * page:
 *
 *   checkKernels(gpu, {
 *     store: {
 *       load: () => JSON.parse(localStorage.getItem('chexgpu checks') ?? 'null'),
 *       save: (document) => localStorage.setItem('chexgpu checks', JSON.stringify(document)),
 *     },
 *   });
 *
 * In Node the store is `verdictFile(gpu)`. Where an operation has no right variant left, the model's call throws
 * GpuError.
 */
export function checkKernels(gpu: Gpu, options: KernelCheckOptions = {}): PlanChecker {
  requireGpu('checkKernels', gpu);
  requireFields('The options of checkKernels', options, ['store', 'runtime', 'when', 'onBroken', ...WORK]);
  checkWork(options);
  if (options.when !== undefined) oneOf('when', options.when, ['before', 'later']);
  const checker = new PlanChecker(gpu, options);
  planHelpers(gpu).checker = checker;
  return checker;
}

/** A pipeline that a plan uses. */
interface Use {
  key: string;
  kernel: Kernel;
  constants: Scalars;
}

export class PlanChecker implements KernelChecker {
  private readonly verdicts = new Map<string, Verdict>();
  private readonly identity: VerdictIdentity;
  private cases: SmallCases | null = null;
  private recalled = false;
  private last: Promise<unknown> = Promise.resolve();
  /** Plans that were built with pipelines that nothing is known of. */
  private waiting: PlanBuilder[] = [];
  /** Pipelines that this Gpu was asked about, with what is known of them. */
  readonly asked = new Map<string, Verdict>();

  constructor(
    private readonly gpu: Gpu,
    private readonly options: KernelCheckOptions = {},
  ) {
    const { runtime = globalThis.navigator?.userAgent ?? '' } = options;
    this.identity = verdictIdentity(gpu, runtime);
  }

  /** One plan at a time. */
  check(plan: PlanBuilder, work: WorkOptions = {}): Promise<boolean> {
    return this.inTurn(work, () => this.checkPlan(plan, work));
  }

  /** Whether plans use what nothing is known of. */
  get isWaiting(): boolean {
    return this.waiting.length > 0;
  }

  /**
   * Checks what was built before it was checked.
   * @returns the kernels of those plans that are wrong: what they gave is not to be believed. Models that are made from
   *   now on do without them.
   * @throws DeviceLostError; OutOfMemoryError; the signal's reason
   */
  checkWaiting(work: WorkOptions = {}): Promise<readonly string[]> {
    return this.inTurn(work, async () => {
      const wrong = new Set<string>();
      for (const plan of this.waiting) {
        const used = usesOf(plan);
        const unknown = used.filter(({ key }) => !this.verdicts.has(key));
        if (unknown.length > 0) await this.find(plan, used, unknown, work);
        for (const { key, kernel } of used) if (this.verdicts.get(key) === 'wrong') wrong.add(kernel.name);
      }
      // Not one by one: of a call that is given up the next one says all that is wrong.
      this.waiting = [];
      return [...wrong];
    });
  }

  private inTurn<T>({ signal }: WorkOptions, job: () => Promise<T>): Promise<T> {
    const before = this.last;
    const run = untilAborted(before, signal).then(job);
    const over = run.catch(() => {});
    this.last = before.then(() => over);
    return run;
  }

  private async checkPlan(plan: PlanBuilder, work: WorkOptions): Promise<boolean> {
    await this.recall();
    const used = usesOf(plan);
    const unknown = used.filter(({ key }) => !this.verdicts.has(key));
    const good = used.map((use) => this.heed(use, 'it did so before'));
    // Recorded anew, the plan may not need what is unknown of this one.
    if (unknown.length === 0 || good.includes(false)) return !good.includes(false);
    // Where one kernel was wrong, the next is not taken on trust.
    const isTrusted = this.options.when === 'later' && this.gpu.broken.size === 0;
    if (!isTrusted) return this.find(plan, used, unknown, work);
    this.waiting.push(plan);
    return true;
  }

  /** Finds the verdicts of pipelines that nothing is known of, and keeps them; false when one is wrong. */
  private async find(
    plan: PlanBuilder,
    used: readonly Use[],
    unknown: readonly Use[],
    work: WorkOptions,
  ): Promise<boolean> {
    // Drivers that compile on threads of their own begin at once; failures show when a case is run.
    for (const { kernel, constants } of unknown) this.gpu.compile(kernel, constants).catch(() => {});
    const { explain } = await import('../shaders/checkCase.js');
    const told = async (done: number, note: string) => {
      const progress = { phase: 'check', done, total: unknown.length, unit: 'kernels', note };
      for (const one of [this.options, work]) await tell(one, progress);
    };
    let right = true;
    for (const [done, use] of unknown.entries()) {
      await told(done, use.kernel.name);
      const wrong = await this.checkPipeline(plan, use, used, work);
      this.verdicts.set(use.key, wrong ? 'wrong' : 'right');
      right = this.heed(use, wrong ? explain(wrong) : '') && right;
    }
    await told(unknown.length, '');
    await this.keep();
    return right;
  }

  /** Null when the pipeline is right; else the first result that is not. */
  private async checkPipeline(
    plan: PlanBuilder,
    { kernel, constants }: Use,
    used: readonly Use[],
    { signal }: WorkOptions,
  ): Promise<CheckResult | null> {
    const { gpu } = this;
    // A page whose kernels are known to be right does not load the cases.
    const [{ judge }, { SmallCases }] = await Promise.all([
      import('../shaders/checkCase.js'),
      import('./smallCases.js'),
    ]);
    this.cases ??= new SmallCases(gpu);
    const kernels = Object.fromEntries(used.map((use) => [use.kernel.name, use.kernel]));
    for (const { check, choice } of this.cases.of(plan, kernel, constants)) {
      const result = await judge(gpu, check, choice, { kernels, signal });
      if (result && !result.ok) return result;
    }
    return null;
  }

  /** Enters what is wrong in `gpu.broken`; false for that. */
  private heed({ key, kernel }: Use, why: string): boolean {
    const verdict = this.verdicts.get(key);
    if (!verdict) return true;
    this.asked.set(key, verdict);
    if (verdict === 'right') return true;
    if (!this.gpu.broken.has(kernel.name)) this.options.onBroken?.(kernel.name, why);
    this.gpu.broken.add(kernel.name);
    return false;
  }

  private async recall(): Promise<void> {
    if (this.recalled) return;
    this.recalled = true;
    for (const [key, verdict] of await this.kept()) this.verdicts.set(key, verdict);
  }

  private async kept(): Promise<Map<string, Verdict>> {
    try {
      return readVerdicts((await this.options.store?.load()) ?? null, this.identity);
    } catch {
      // Damaged or not to be read: then everything is checked again.
      return new Map();
    }
  }

  /** Saves what is known, with what others saved meanwhile. */
  private async keep(): Promise<void> {
    const { store } = this.options;
    if (!store) return;
    const all = new Map([...(await this.kept()), ...this.verdicts]);
    try {
      await store.save(verdictDocument(this.identity, all));
    } catch {
      // Nothing can be kept here: then every process checks.
    }
  }
}

/** Different pipelines of a plan, in the order in which they run. */
function usesOf(plan: PlanBuilder): Use[] {
  const uses = new Map<string, Use>();
  for (const { kernel, constants = {} } of plan.soFar.dispatches) {
    // A caller's own was checked when it was made, or is meant to differ.
    if (kernel.own) continue;
    const text = JSON.stringify(Object.entries(constants).sort());
    const key = `${kernel.name} ${fingerprint([kernel.source, '\0', text])}`;
    if (!uses.has(key)) uses.set(key, { key, kernel, constants });
  }
  return [...uses.values()];
}
