/**
 * A tuning table: for each shape class (an operation, and a key that stands for shapes alike, e.g. `1x1 m4096 k256
 * n128`) the choice to use on one adapter, by its name, e.g. `subgroup PIXELS=4 OUT4=8`. Kept as JSON, in the user's
 * cache, in a page's storage or shipped with the library (shipped/).
 */
import type { AdapterFacts, GpuInfo } from '../device/gpuInfo.js';
import type { Tuning } from '../plan/choice.js';
import type { Kernel } from '../plan/kernel.js';

export interface TuningEntry {
  op: string;
  /** Of a shape class; `*` in a shipped one stands for any characters, so that one entry serves many classes. */
  key: string;
  /** Name of the choice to use. */
  choice: string;
  /** What it takes, milliseconds; null where nothing could be measured and the default stays. */
  ms: number | null;
  /** Milliseconds of every choice that was measured, by name. */
  all?: Record<string, number>;
  /** Choices that are not used, by name, and why: wrong numbers, no pipeline. */
  wrong?: Record<string, string>;
  /** Why nothing was measured. */
  why?: string;
}

export class TuningTable implements Tuning {
  private readonly exact = new Map<string, TuningEntry>();
  private readonly patterns = new Map<string, { op: string; parts: readonly string[]; entry: TuningEntry }>();

  constructor(entries: Iterable<TuningEntry> = []) {
    this.merge(entries);
  }

  /** Adds entries; one for the same class takes the place of an older one. */
  merge(entries: Iterable<TuningEntry>): this {
    for (const entry of entries) {
      const { op, key } = entry;
      if (key.includes('*')) this.patterns.set(`${op} ${key}`, { op, parts: key.split('*'), entry });
      else this.exact.set(`${op} ${key}`, entry);
    }
    return this;
  }

  /** The entry of this very class, else the first added whose wildcards match. */
  find(op: string, key: string): TuningEntry | undefined {
    const exact = this.exact.get(`${op} ${key}`);
    if (exact) return exact;
    for (const pattern of this.patterns.values()) {
      if (pattern.op === op && matches(pattern.parts, key)) return pattern.entry;
    }
    return undefined;
  }

  best(op: string, key: string): string | undefined {
    return this.find(op, key)?.choice;
  }

  get entries(): TuningEntry[] {
    return [...this.exact.values(), ...[...this.patterns.values()].map(({ entry }) => entry)];
  }
}

/** Whether `key` is these parts with any characters between them. In one pass: a kept table may hold any pattern. */
function matches(parts: readonly string[], key: string): boolean {
  const first = parts[0];
  const last = parts[parts.length - 1];
  if (!key.startsWith(first) || !key.endsWith(last) || key.length < first.length + last.length) return false;
  let at = first.length;
  const end = key.length - last.length;
  for (const part of parts.slice(1, -1)) {
    const found = key.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

/** For whom a table holds. */
export interface TuningIdentity {
  adapter: Record<'vendor' | 'architecture' | 'device' | 'description' | 'subgroups', string>;
  /** The WebGPU implementation, e.g. `webgpu 0.6.2` or a browser's own name. */
  runtime: string;
  /** Fingerprint of the kernels' sources: other kernels have other times. */
  kernels: string;
}

export interface TuningDocument extends TuningIdentity {
  format: 'chexgpu tuning';
  version: 1;
  entries: TuningEntry[];
}

export function adapterIdentity({ info, device }: AdapterFacts): TuningIdentity['adapter'] {
  const { vendor, architecture, description, subgroupMinSize, subgroupMaxSize } = info;
  return {
    vendor,
    architecture,
    device: device.adapterInfo?.device ?? '',
    description,
    subgroups: `${subgroupMinSize} to ${subgroupMaxSize}`,
  };
}

/** Tells apart sets of kernels, by their names and sources. */
export function kernelsFingerprint(kernels: readonly Kernel[]): string {
  return fingerprint(kernels.flatMap(({ name, source }) => [name, '\0', source, '\0']));
}

/** Tells apart texts, not for secrets: FNV-1a, twice 32 bits. */
export function fingerprint(texts: readonly string[]): string {
  let [a, b] = [0x811c9dc5, 0x9747b28c];
  for (const text of texts) {
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      a = Math.imul(a ^ code, 0x01000193);
      b = Math.imul(b ^ code, 0x01000193) ^ (b >>> 15);
    }
  }
  return [a, b].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}

export function tuningDocument(identity: TuningIdentity, table: TuningTable): TuningDocument {
  return { format: 'chexgpu tuning', version: 1, ...identity, entries: table.entries };
}

/**
 * `damaged`: not what we write. `foreign`: another adapter's. `outdated`: another version of the format, of the
 * WebGPU implementation or of the kernels.
 */
export type TuningRefusal = 'damaged' | 'foreign' | 'outdated';

/** The entries of a kept table, if they hold for `identity`. */
export function readTuning(document: unknown, identity: TuningIdentity): TuningEntry[] | TuningRefusal {
  if (typeof document !== 'object' || document === null) return 'damaged';
  const { format, version, adapter, runtime, kernels, entries } = document as Partial<TuningDocument>;
  if (format !== 'chexgpu tuning' || typeof adapter !== 'object') return 'damaged';
  if (version !== 1) return 'outdated';
  const names = Object.keys(identity.adapter) as (keyof TuningIdentity['adapter'])[];
  if (names.some((name) => adapter?.[name] !== identity.adapter[name])) return 'foreign';
  if (runtime !== identity.runtime || kernels !== identity.kernels) return 'outdated';
  return Array.isArray(entries) && entries.every(isEntry) ? entries : 'damaged';
}

function isEntry(value: unknown): value is TuningEntry {
  if (typeof value !== 'object' || value === null) return false;
  const { op, key, choice, ms } = value as Partial<TuningEntry>;
  const words = [op, key, choice].every((word) => typeof word === 'string' && word !== '');
  return words && (ms === null || (typeof ms === 'number' && ms >= 0));
}

/** A table that comes with the library. Choices that no longer exist are passed over, so it need not be new. */
export interface ShippedTable {
  /** Matches vendor, architecture and description of the adapter. */
  adapter: RegExp;
  /** Lanes of its subgroups; 0 for any. */
  subgroups: number;
  entries: readonly TuningEntry[];
}

/** The shipped table that fits an adapter, as a copy to build on; null where there is none. */
export function shippedFor(
  tables: readonly ShippedTable[],
  { vendor, architecture, description, subgroupMaxSize }: GpuInfo,
): TuningTable | null {
  const words = `${vendor} ${architecture} ${description}`;
  const fits = ({ adapter, subgroups, entries }: ShippedTable) =>
    entries.length > 0 && adapter.test(words) && (subgroups === 0 || subgroups === subgroupMaxSize);
  const table = tables.find(fits);
  return table ? new TuningTable(table.entries) : null;
}
