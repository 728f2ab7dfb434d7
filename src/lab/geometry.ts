/** How the host would dispatch a variant on the cases of an operation: found by recording them without memory. */
import type { Gpu } from '../engine/device/gpu.js';
import { type Choice, choiceName } from '../engine/plan/choice.js';
import type { Scalars } from '../engine/plan/kernel.js';
import type { DispatchSpec } from '../engine/plan/plan.js';
import { type CheckCase, recordOnPaper } from '../shaders/checkCase.js';
import type { LabOperation } from './operations.js';
import type { ConstantsOf, Like } from './standIn.js';

interface Recorded {
  specs: DispatchSpec[];
  /** Between what the operation may choose. */
  choices: Choice[];
  /** The one that was chosen. */
  chosen: string | null;
}

/** Records a case without memory: with the choice that is asked for, else as the network would. */
function recorded(gpu: Gpu, check: CheckCase, choice?: string): Recorded {
  const all: Recorded = { specs: [], choices: [], chosen: null };
  recordOnPaper(gpu, check, choice, {
    dispatch: (spec) => all.specs.push(spec),
    choice: (op, choices, chosen) => {
      if (op !== check.op) return;
      all.choices.push(...choices);
      all.chosen = choiceName(chosen);
    },
  });
  return all;
}

/** What the host gives to each variant on any case of the operation. */
export function hostConstants(gpu: Gpu, { cases }: LabOperation): ConstantsOf {
  return (kernel) => {
    const specs = cases
      .flatMap((check) => recorded(gpu, check, kernel.variant).specs)
      .filter((spec) => spec.kernel.name === kernel.name);
    return specs.length > 0 ? new Set(specs.flatMap((spec) => Object.keys(spec.constants ?? {}))) : null;
  };
}

/** How the host dispatches a choice on a case. */
export interface Geometry {
  /** Name of the choice: a variant, or a variant and its tile. */
  choice: string;
  shape: string;
  constants: Scalars;
  workgroups: readonly [number, number, number];
}

/** The choice that the network would make on this shape, by what is known of this adapter. */
export function networkChoice(gpu: Gpu, check: CheckCase): string | null {
  return recorded(gpu, check).chosen;
}

/**
 * All ways in which the host dispatches a variant on a case: one for each tile, the network's own choice first.
 * Empty where the shape does not suit the variant, or the adapter cannot run it.
 * @param tile only those with these constants
 */
export function geometriesOf(
  gpu: Gpu,
  check: CheckCase,
  { kernel, tile }: Pick<Like, 'kernel' | 'tile'>,
): Geometry[] {
  const { choices, chosen } = recorded(gpu, check);
  const geometries = choices.flatMap((choice) => {
    if (choice.variant !== kernel.variant) return [];
    const name = choiceName(choice);
    const named = recorded(gpu, check, name);
    const spec = named.specs.find((one) => one.kernel.name === kernel.name);
    const constants = spec?.constants ?? {};
    const isMeant = Object.entries(tile).every(([key, value]) => constants[key] === value);
    if (!spec || named.chosen !== name || !isMeant) return [];
    return [{ choice: name, shape: spec.shape, constants, workgroups: spec.workgroups }];
  });
  return geometries.sort((a, b) => Number(b.choice === chosen) - Number(a.choice === chosen));
}
