/** Which operations a name stands for, and which cases there are of them. */
import { UsageError } from '../core/errors.js';
import type { CheckCase } from '../shaders/checkCase.js';
import { ALL_CHECKS, ALL_OPS } from '../shaders/registry.js';

/** Whether an operation is meant by its full name (`conv.forward`) or by its folder (`conv`). */
function isNamed(op: string, name: string): boolean {
  return op === name || op.startsWith(`${name}.`);
}

/**
 * Operations that `name` stands for: itself, all of a folder, or all there are without a name.
 * @throws UsageError for one that is not there
 */
export function operationsOf(name: string | undefined): string[] {
  const named = ALL_OPS.filter((op) => name === undefined || isNamed(op, name));
  if (named.length > 0) return named;
  throw new UsageError(`There is no kernel "${name}".`, `The kernels are ${ALL_OPS.join(', ')}.`);
}

/** Cases of the operations named, by full name or by folder; without names all. */
export function checksOf(names: readonly string[] | undefined): CheckCase[] {
  return ALL_CHECKS.filter(({ op }) => !names || names.some((name) => isNamed(op, name)));
}
