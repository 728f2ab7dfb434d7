/** An engine in the race, wherever it runs: in a process of its own, or in a worker of a page. */
import type { JobKind } from './peerReport.js';

/** What an engine is told to do. */
export interface EngineJob {
  /** 'statistics': forward with the batch's statistics, the referee of training. */
  kind: JobKind | 'statistics' | 'adapter';
  /** Where an engine in a process of its own finds network and images. */
  folder?: string;
  batch: number;
  size: number;
}

export interface Opened {
  adapter?: string | null;
  adapterKind?: string;
  versions?: Record<string, string>;
  /** Set when the engine cannot do such a job. */
  unsupported?: string;
  /** Vulkan drivers loaded in its process, for one that does not tell what it runs on. */
  drivers?: string[];
}

export interface Ran {
  ms: number;
  values: Float32Array;
}

export interface Memory {
  /** Bytes of GPU buffers alive at once, at most. */
  peak: number;
  /** Weights, moving averages, gradients and optimizer state, bytes. */
  held: number;
  /** Other counts, bytes by name. */
  details: Record<string, number>;
}

export interface Answers {
  open: Opened;
  run: Ran;
  first: Opened & Ran;
  memory: Memory;
}

export interface EngineRunner {
  /** @throws Error with what the engine said, or that it ended or took longer than `timeoutMs` */
  ask<Op extends keyof Answers>(op: Op, timeoutMs: number, job?: EngineJob): Promise<Answers[Op]>;
  /** Ends it at once; settled when its memory is free. */
  stop(): Promise<void>;
}
