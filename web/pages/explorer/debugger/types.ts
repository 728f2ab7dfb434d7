/** What the debugger and its worker say to each other. */
import type { DebuggedDispatch, Peaks } from 'chexgpu/lab';

export type PlanKind = 'train' | 'predict';

/** A plan that can be debugged. */
export interface OpenedPlan {
  readonly dispatches: readonly DebuggedDispatch[];
  readonly clock: 'gpu' | 'wall';
}

/** Where it stands now. */
export interface Stopped {
  readonly at: number;
  /** Of the dispatches that ran for it, nanoseconds. */
  readonly times: readonly { readonly index: number; readonly ns: number }[];
}

export interface LookAsked {
  readonly kind: PlanKind;
  readonly index: number;
  readonly binding: string;
  readonly label: string;
  readonly set: number;
  readonly from: number;
  readonly count: number;
}

/** What a buffer holds: some pictures of it, and figures of all. */
export interface Look {
  readonly shape: readonly number[];
  /** pictures[row,column,plane] of planes [from, from + count). */
  readonly pictures: Float32Array;
  readonly count: number;
  readonly numbers: number;
  readonly least: number;
  readonly greatest: number;
  readonly mean: number;
  /** How many are 0, and how many no finite number. */
  readonly zeros: number;
  readonly broken: number;
  readonly writer: number | null;
  readonly takenBy: string | null;
}

export type { DebuggedDispatch, Peaks };
