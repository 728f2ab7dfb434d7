/**
 * Static memory: every temporary tensor of a plan is known before the first step, with the first and
 * last dispatch that touches it. Tensors whose lives do not overlap share one GPU buffer.
 *
 * WebGPU forbids binding one buffer read-only and read-write in the same dispatch, even at ranges
 * apart, so a buffer holds one tensor at a time: two tensors of the same dispatch never meet in it.
 * Best fit, largest first: the greedy rule that exact-size planners use.
 */

export interface Lifetime {
  bytes: number;
  /** Index of the first and the last dispatch that uses it, inclusive. */
  first: number;
  last: number;
}

export interface Slot {
  bytes: number;
  /** Indices into the list of lifetimes. */
  tenants: number[];
}

/** Assigns each lifetime to a slot; returns the slots, their sizes and tenants. */
export function packSlots(lifetimes: readonly Lifetime[]): Slot[] {
  const order = lifetimes.map((_, i) => i).sort((a, b) => lifetimes[b].bytes - lifetimes[a].bytes || a - b);
  const slots: Slot[] = [];
  for (const i of order) {
    const mine = lifetimes[i];
    const free = slots.filter((slot) => slot.tenants.every((t) => !overlap(lifetimes[t], mine)));
    // Largest first, so every free slot is big enough; the smallest of them wastes least.
    const best = free.reduce<Slot | null>((a, b) => (a && a.bytes <= b.bytes ? a : b), null);
    if (best) best.tenants.push(i);
    else slots.push({ bytes: mine.bytes, tenants: [i] });
  }
  return slots;
}

function overlap(a: Lifetime, b: Lifetime): boolean {
  return a.first <= b.last && b.first <= a.last;
}
