/** Which small cases run a pipeline of a plan: a kernel with its very constants. */
import type { Gpu } from '../engine/device/gpu.js';
import type { Kernel, Scalars } from '../engine/plan/kernel.js';
import type { Dispatch, PlanBuilder } from '../engine/plan/plan.js';
import { type CheckCase, recordOnPaper } from '../shaders/checkCase.js';
import { ALL_CHECKS, PLAN_CHECKS } from '../shaders/registry.js';

/** A case, and the variant or choice to ask for so that it runs the pipeline. */
export interface SmallCase {
  check: CheckCase;
  choice: string;
  /** Pipelines that it needs besides and that the plan does not have. */
  more: number;
}

/** Finds cases by recording them; keeps what was recorded. */
export class SmallCases {
  private readonly recorded = new Map<CheckCase, Map<string, readonly string[]>>();
  private broken = 0;
  private last: { plan: PlanBuilder; pipelines: ReadonlySet<string> } | null = null;

  constructor(private readonly gpu: Gpu) {}

  /**
   * The cases with these very constants that need the fewest other pipelines; where there is none, every case of the
   * variant, with the constants that it has there.
   */
  of(plan: PlanBuilder, kernel: Kernel, constants: Scalars): readonly SmallCase[] {
    const exact = this.exact(plan, kernel, constants);
    if (exact.length > 0) return exact;
    return casesOf(ALL_CHECKS, kernel).map((check) => ({ check, choice: kernel.variant, more: 0 }));
  }

  /** Those with these very constants; from `PLAN_CHECKS` only where `ALL_CHECKS` has none. */
  exact(plan: PlanBuilder, kernel: Kernel, constants: Scalars): readonly SmallCase[] {
    const wanted = pipelineOf({ kernel, constants });
    const there = this.pipelinesOf(plan);
    const made = [...(plan.choicesMade.get(kernel.op) ?? [])];
    const choices = made.filter((name) => name.split(' ')[0] === kernel.variant);
    if (choices.length === 0) choices.push(kernel.variant);
    for (const checks of [ALL_CHECKS, PLAN_CHECKS]) {
      const found = casesOf(checks, kernel).flatMap((check) =>
        choices.flatMap((choice): SmallCase[] => {
          const pipelines = this.pipelines(check, choice);
          if (!pipelines.includes(wanted)) return [];
          return [{ check, choice, more: pipelines.filter((one) => !there.has(one)).length }];
        }),
      );
      const least = Math.min(...found.map(({ more }) => more));
      if (found.length > 0) return found.filter(({ more }) => more === least);
    }
    return [];
  }

  private pipelinesOf(plan: PlanBuilder): ReadonlySet<string> {
    if (this.last?.plan !== plan) {
      this.last = { plan, pipelines: new Set(plan.soFar.dispatches.map(pipelineOf)) };
    }
    return this.last.pipelines;
  }

  /** What a case runs with a choice. */
  private pipelines(check: CheckCase, choice: string): readonly string[] {
    // What is broken is not recorded again.
    if (this.broken !== this.gpu.broken.size) this.recorded.clear();
    this.broken = this.gpu.broken.size;
    const known = this.recorded.get(check) ?? new Map<string, readonly string[]>();
    this.recorded.set(check, known);
    const pipelines = known.get(choice) ?? [...new Set(onPaper(this.gpu, check, choice).map(pipelineOf))];
    known.set(choice, pipelines);
    return pipelines;
  }
}

function casesOf(checks: readonly CheckCase[], { op, variant }: Kernel): CheckCase[] {
  return checks.filter((check) => check.op === op && !check.race && check.variants.includes(variant));
}

function pipelineOf({ kernel, constants = {} }: Pick<Dispatch, 'kernel' | 'constants'>): string {
  return `${kernel.name} ${JSON.stringify(Object.entries(constants).sort())}`;
}

/** What a case would run; nothing where no variant is left of an operation that comes along. */
function onPaper(gpu: Gpu, check: CheckCase, choice: string): readonly Dispatch[] {
  try {
    return recordOnPaper(gpu, check, choice).soFar.dispatches;
  } catch {
    return [];
  }
}
