/** What the Race's element and its worker tell each other: plain data, which a message can carry. */
import type { BenchDocument } from '../../../bench/document/document.js';
import type { PlanKind } from '../../../bench/model/workload.js';
import type { AdapterWords } from '../../worker/device.js';

/** Kernels that are chosen together. */
export interface KernelFamily {
  readonly direction: 'forward' | 'backward' | 'other';
  /** "convolutions" */
  readonly name: string;
  /** Operations, as `chexgpu bench kernels --op` names them. */
  readonly ops: readonly string[];
}

export interface Choices {
  readonly families: readonly KernelFamily[];
  /** Networks, each with its parts from front to back. */
  readonly networks: Readonly<Record<string, readonly string[]>>;
}

/** What is asked of a race. */
export interface Wishes {
  /** Whether kernels race, and whether the network is timed as a whole. */
  readonly kernels: boolean;
  readonly model: boolean;
  readonly network: string;
  /** Whose shapes and kernels: of a prediction or of a training step. */
  readonly kind: PlanKind;
  readonly size: number;
  readonly batch: number;
  /** Of the network; empty for all of it. */
  readonly part: string;
  readonly ops: readonly string[];
  /** Runs of each that count. */
  readonly repeats: number;
}

export interface Opened {
  readonly adapter: AdapterWords;
  readonly choices: Choices;
  /** To begin with. */
  readonly usual: Wishes;
}

/** A document that is shown, with where it comes from. */
export interface Shown {
  readonly document: BenchDocument;
  /** The file's name; null for what was measured here. */
  readonly file: string | null;
}
