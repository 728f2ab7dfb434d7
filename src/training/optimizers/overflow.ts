/**
 * Whether an update stays within float32, found out before it is made where the bounds of the kind
 * (`OptimizerKind.boundsAfter`) do not tell: then the numbers themselves are looked at.
 */
import { type Parameters, slotBuffer } from '../model/parameters.js';
import type { Numbers, OptimizerKind } from './optimizer.js';

/**
 * Looks at every gradient, then at every number that the update would make.
 * @returns what is not finite first, in words, gradients in the order in which they are computed, from the head back
 *   to the stem; where all is finite, exact bounds after the update
 */
export async function findOverflow(
  parameters: Parameters,
  kind: OptimizerKind,
  hyper: Float32Array,
): Promise<string | Numbers> {
  const trainable = parameters.table.filter((spec) => spec.trainable);
  const gradients = await parameters.floats('gradients');
  for (const spec of [...trainable].reverse()) {
    const from = parameters.offsetOf(spec);
    for (let i = from; i < from + spec.size; i++) {
      if (Number.isFinite(gradients[i])) continue;
      return `the gradient of ${spec.key} holds ${gradients[i]}`;
    }
  }
  const present: Record<string, Float32Array> = {};
  for (const slot of Object.keys(kind.slots)) present[slot] = await parameters.floats(slotBuffer(slot));
  present.w = await parameters.floats('weights');
  const names = Object.keys(present);
  const before: Numbers = {};
  const bounds: Numbers = Object.fromEntries(names.map((name) => [name, 0]));
  for (const spec of trainable) {
    const from = parameters.offsetOf(spec);
    for (let i = from; i < from + spec.size; i++) {
      for (const name of names) before[name] = present[name][i];
      const next = kind.updated(before, gradients[i], hyper, i);
      for (const name of names) {
        if (!Number.isFinite(next[name])) {
          const what = kind.slots[name]?.what ?? 'a weight';
          return `${what} of ${spec.key} would be ${next[name]} after a gradient of ${gradients[i]}`;
        }
        bounds[name] = Math.max(bounds[name], Math.abs(next[name]));
      }
    }
  }
  return bounds;
}
