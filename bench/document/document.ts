/** What a bench leaves behind: one JSON document, with where, when and of what it was measured. */
import type { KernelReport } from '../kernels/benchKernels.js';
import type { ModelRow } from '../model/benchModel.js';
import type { PipelineRow } from '../model/inputPipeline.js';
import type { ScalingReport } from '../model/scaling.js';
import type { PeakReport } from '../peaks/measurePeaks.js';
import type { PeerReport } from '../peers/peerReport.js';

export const FORMAT = 'chexgpu bench';
export const FORMAT_VERSION = 1;

export interface BenchHeader {
  /** ISO 8601. */
  date: string;
  /** Commit of the sources, with `+` where files were changed since; null outside a clone. */
  commit: string | null;
  adapter: { name: string; kind: string };
  driver: string;
  /** chexgpu, Node, webgpu. */
  versions: Record<string, string>;
  system: string;
  cpus: { count: number; model: string };
  commandLine: string;
}

export interface ModelReport {
  rows: ModelRow[];
  pipeline: PipelineRow[];
  scaling: ScalingReport | null;
}

/** Sections are there where they were asked for. */
export interface BenchDocument extends BenchHeader {
  format: typeof FORMAT;
  version: typeof FORMAT_VERSION;
  peaks: PeakReport | null;
  kernels?: KernelReport;
  model?: ModelReport;
  peers?: PeerReport;
  /** What other programs said in the same run: `chexgpu doctor`, a PyTorch baseline. */
  others?: Record<string, unknown>;
}

const PRECISION = 5;

/** Numbers to five digits, as no measurement has more; whole numbers as they are. */
function shorter(_: string, value: unknown): unknown {
  if (typeof value !== 'number' || Number.isInteger(value)) return value;
  return Number.isFinite(value) ? Number(value.toPrecision(PRECISION)) : null;
}

/** The document as text: indented, flat objects and lists on one line each, so that it can be read and compared. */
export function documentText(document: unknown): string {
  const plain = JSON.parse(JSON.stringify(document, shorter)) as unknown;
  return `${lines(plain, '')}\n`;
}

function lines(value: unknown, indent: string): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const entries = Object.entries(value);
  const flat = entries.every(([, v]) => v === null || typeof v !== 'object');
  if (flat && indent !== '') return JSON.stringify(value);
  const inner = `${indent} `;
  const list = Array.isArray(value);
  const parts = entries.map(
    ([key, v]) => `${inner}${list ? '' : `${JSON.stringify(key)}: `}${lines(v, inner)}`,
  );
  if (parts.length === 0) return list ? '[]' : '{}';
  return `${list ? '[' : '{'}\n${parts.join(',\n')}\n${indent}${list ? ']' : '}'}`;
}

/** `lavapipe-2026-11-24` for bench/results: the adapter in short, and the day. */
export function resultName({ adapter, date }: Pick<BenchHeader, 'adapter' | 'date'>): string {
  const name = adapter.kind === 'hardware' ? adapter.name : adapter.kind;
  const short = name
    .toLowerCase()
    .replace(/\(.*$/, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return `${short || 'adapter'}-${date.slice(0, 10)}`;
}

/** Sections of several documents of one adapter in one; the first gives the header. @throws Error for none */
export function mergeDocuments(documents: readonly BenchDocument[]): BenchDocument {
  const [first, ...rest] = documents;
  if (!first) throw new Error('There are no documents to merge.');
  const merged: BenchDocument = { ...first };
  for (const document of rest) {
    merged.commandLine += `; ${document.commandLine}`;
    merged.kernels ??= document.kernels;
    merged.peers ??= document.peers;
    merged.peaks ??= document.peaks;
    merged.model = merged.model ? { ...document.model, ...merged.model } : document.model;
    merged.others = { ...document.others, ...merged.others };
  }
  return merged;
}
