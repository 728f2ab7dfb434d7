/** Where the values of a map come from. */
import { PlanBuilder } from '../../engine/plan/plan.js';
import type { Tensor } from '../../engine/plan/tensor.js';

export interface Source {
  readonly shape: Tensor['shape'];
  /** Where the pass keeps it; absent where the pass never stores such a map. */
  readonly stored?: Tensor;
  /** Gives what is stored; else records what makes the map of what is stored. */
  record(plan: PlanBuilder): Tensor;
}

export function stored(tensor: Tensor): Source {
  return { shape: tensor.shape, stored: tensor, record: () => tensor };
}

/** @param fill records what writes y */
export function derived(
  label: string,
  shape: Tensor['shape'],
  fill: (plan: PlanBuilder, y: Tensor) => void,
): Source {
  return {
    shape,
    record(plan) {
      const y = plan.tensor(label, shape);
      fill(plan, y);
      return y;
    },
  };
}

/** Holds everything until the end, the same dispatches for the rest. */
export class KeepingBuilder extends PlanBuilder {
  override tensor(label: string, shape: Tensor['shape']): Tensor {
    return super.tensor(label, shape, true);
  }
}
