/**
 * The words of tuning. An operation (`conv.forward`) has variants, kernels that compute the same in different ways
 * (`naive`, `subgroup`). A variant may come with tiles: values for its constants that say how much one thread works on.
 * A *choice* is a variant with one tile. Which choice is fastest depends on the adapter and on the shape; shapes that
 * differ too little to matter form a *shape class* with a key, and a *tuning* says per class which choice to use.
 */
import type { Scalars } from './kernel.js';

/** One way to run an operation on a shape: a variant, and constants of its tile. */
export interface Choice<V extends string = string> {
  variant: V;
  tile: Scalars;
  /** Known to be slow on this kind of adapter: there to be asked for, but the tuner spends no time on it. */
  untimed?: boolean;
}

/** A choice in one word: `subgroup PIXELS=4 WORKGROUP=8`. */
export function choiceName({ variant, tile }: Choice): string {
  return [variant, ...Object.entries(tile).map(([name, value]) => `${name}=${value}`)].join(' ');
}

/** What has been measured on this adapter: the name of the best choice of a shape class, if it is known. */
export interface Tuning {
  best(op: string, key: string): string | undefined;
}
