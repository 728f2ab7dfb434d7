/**
 * WebGPU's error scopes are one stack for the whole device, shared by all who use it: two models, a host page with
 * scopes of its own. Scopes that stay open while something is awaited catch what others do, and lose what is ours.
 * They are therefore only ever opened and closed around calls that follow each other without a wait.
 */

import { untilLossIsTold } from './deviceEnd.js';

const FILTERS = ['out-of-memory', 'validation', 'internal'] as const;

/** What WebGPU says about a stretch of calls: why there was no memory, why something was refused; null: nothing. */
export interface Report {
  memory: string | null;
  refused: string | null;
}

export interface Stretch<T> {
  /** What the calls gave, or what they threw. */
  outcome: { value: T } | { thrown: unknown };
  /** Never rejects. */
  report: Promise<Report>;
}

/** No promise: its calls would come after the scopes are closed. */
export type Synchronous<T> = T & (T extends PromiseLike<unknown> ? never : unknown);

/** Runs `work` within scopes of its own, which are closed before this returns. */
export function inScopes<T>(device: GPUDevice, work: () => Synchronous<T>): Stretch<T> {
  for (const filter of FILTERS) device.pushErrorScope(filter);
  let outcome: Stretch<T>['outcome'];
  try {
    outcome = { value: work() };
  } catch (thrown) {
    outcome = { thrown };
  }
  const closed = FILTERS.map(() => device.popErrorScope().then(messageOf, refusalOf));
  const report = Promise.all(closed).then(([internal, validation, memory]) => ({
    memory,
    refused: validation ?? internal,
  }));
  return { outcome, report };
}

/** A device that is gone may refuse to answer. */
async function refusalOf(error: Error): Promise<string | null> {
  await untilLossIsTold();
  return messageOf(error);
}

function messageOf(error: { message: string } | null): string | null {
  return error && (error.message || 'no reason given');
}
