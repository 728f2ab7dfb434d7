/** The ways in which an operation can run, and what is known of which is fastest. */
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
