/**
 * Verdicts: what checks have said of pipelines on an adapter. A pipeline is a kernel's text with its constants, and
 * its verdict is `right` or `wrong`. Kept as JSON, in a cache or a page's storage.
 */
import type { AdapterFacts } from '../device/gpuInfo.js';
import { adapterIdentity, fingerprint, type TuningIdentity } from './tuningTable.js';

/** Of a pipeline, that is a kernel's text with its constants. */
export type Verdict = 'right' | 'wrong';

/** For whom verdicts hold: the adapter with its driver, its features, and what compiles for it. */
export interface VerdictIdentity {
  adapter: TuningIdentity['adapter'];
  features: string;
  /** The WebGPU implementation and this library, with their versions. */
  runtime: string;
}

export interface VerdictDocument extends VerdictIdentity {
  format: 'chexgpu kernel checks';
  version: 1;
  /** By name and fingerprint of the pipeline. */
  verdicts: Record<string, Verdict>;
  /** Fingerprint of the verdicts: a file that was damaged does not say that a kernel is right. */
  sum: string;
}

/** Where verdicts are kept: a file, a page's localStorage. */
export interface VerdictStore {
  /** What was saved last, null if nothing was. May throw. */
  load(): unknown;
  /** May throw. */
  save(document: VerdictDocument): unknown;
}

export function verdictIdentity(gpu: AdapterFacts, runtime: string): VerdictIdentity {
  return { adapter: adapterIdentity(gpu), features: gpu.info.features.join(' '), runtime };
}

function sumOf(verdicts: Readonly<Record<string, Verdict>>): string {
  return fingerprint(Object.entries(verdicts).sort().flat());
}

export function verdictDocument(
  identity: VerdictIdentity,
  verdicts: ReadonlyMap<string, Verdict>,
): VerdictDocument {
  const record = Object.fromEntries(verdicts);
  return {
    format: 'chexgpu kernel checks',
    version: 1,
    ...identity,
    verdicts: record,
    sum: sumOf(record),
  };
}

/** The verdicts of a document; none unless it is whole and holds for `identity`. */
export function readVerdicts(document: unknown, identity: VerdictIdentity): Map<string, Verdict> {
  if (typeof document !== 'object' || document === null) return new Map();
  const { format, version, verdicts, sum, ...whom } = document as Partial<VerdictDocument>;
  if (format !== 'chexgpu kernel checks' || version !== 1) return new Map();
  if (typeof verdicts !== 'object' || verdicts === null) return new Map();
  const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
  const { adapter, features, runtime } = identity;
  if (!same(whom.adapter, adapter) || whom.features !== features || whom.runtime !== runtime) {
    return new Map();
  }
  const entries = Object.entries(verdicts);
  if (!entries.every(([, verdict]) => verdict === 'right' || verdict === 'wrong')) return new Map();
  return sum === sumOf(verdicts) ? new Map(entries) : new Map();
}
