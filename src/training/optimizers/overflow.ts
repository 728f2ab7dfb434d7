/**
 * Whether an update stays within float32, found out before it is made where the bounds of the kind
 * (`OptimizerKind.boundsAfter`) do not tell: then the numbers themselves are looked at.
 */

import type { LayerRoles } from '../layers/layerSettings.js';
import { type Parameters, slotBuffer } from '../model/parameters.js';
import { type Clip, clipped } from '../updates/clipping.js';
import type { Numbers, OptimizerKind } from './optimizer.js';

/**
 * The first gradient that is not finite, in words, in the order in which they are computed, from the head back to the
 * stem; null where all are.
 */
export function brokenGradient(
  parameters: Pick<Parameters, 'table' | 'offsetOf'>,
  gradients: Float32Array,
): string | null {
  for (const spec of parameters.table.filter(({ trainable }) => trainable).reverse()) {
    const from = parameters.offsetOf(spec);
    for (let i = from; i < from + spec.size; i++) {
      if (!Number.isFinite(gradients[i])) return `the gradient of ${spec.key} holds ${gradients[i]}`;
    }
  }
  return null;
}

/**
 * Looks at every gradient, then at every number that the update would make.
 * @param clip what the update does to a gradient first
 * @param roles of the layers: those that are frozen stay
 * @returns what is not finite first, in words; where all is finite, exact bounds after the update
 */
export async function findOverflow(
  parameters: Parameters,
  kind: OptimizerKind,
  hyper: Float32Array,
  clip: Clip,
  { factorOf }: Pick<LayerRoles, 'factorOf'>,
): Promise<string | Numbers> {
  const trainable = parameters.table.filter((spec) => spec.trainable);
  const gradients = await parameters.floats('gradients');
  const broken = brokenGradient(parameters, gradients);
  if (broken) return broken;
  const present: Record<string, Float32Array> = {};
  for (const slot of Object.keys(kind.slots)) present[slot] = await parameters.floats(slotBuffer(slot));
  present.w = await parameters.floats('weights');
  const names = Object.keys(present);
  const before: Numbers = {};
  const bounds: Numbers = Object.fromEntries(names.map((name) => [name, 0]));
  for (const spec of trainable) {
    const from = parameters.offsetOf(spec);
    const factor = factorOf(spec.layer);
    const scale = clip.factorOf(spec);
    const own = factor === 1 ? hyper : (kind.rescaled?.(hyper, factor) ?? hyper);
    for (let i = from; i < from + spec.size; i++) {
      for (const name of names) before[name] = present[name][i];
      const gradient = clipped(gradients[i], scale, clip.limit);
      const next = factor === 0 ? before : kind.updated(before, gradient, own, i);
      for (const name of names) {
        if (!Number.isFinite(next[name])) {
          const what = kind.slots[name]?.what ?? 'a weight';
          return `${what} of ${spec.key} would be ${next[name]} after a gradient of ${gradient}`;
        }
        bounds[name] = Math.max(bounds[name], Math.abs(next[name]));
      }
    }
  }
  return bounds;
}
