/** Which small cases there are of an operation. */
import type { CheckCase } from '../shaders/checkCase.js';
import { ALL_CHECKS } from '../shaders/registry.js';

/** Cases of the operations named, by full name (`conv.forward`) or by folder (`conv`). */
export function checksOf(ops: readonly string[] | undefined): CheckCase[] {
  return ALL_CHECKS.filter(
    (check) => !ops || ops.some((op) => check.op === op || check.op.startsWith(`${op}.`)),
  );
}
