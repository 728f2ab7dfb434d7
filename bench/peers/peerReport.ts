/** What a race gives, and the arithmetic on it. */
import { byteSize, milliseconds } from '../../src/core/formatting.js';

export const ENGINES = ['chexgpu', 'onnxruntime-webgpu', 'tfjs-webgpu', 'onnxruntime-cpu'] as const;
export type Engine = (typeof ENGINES)[number];

export type JobKind = 'forward' | 'trainStep' | 'coldStart' | 'memory';

export interface PeerJob {
  kind: JobKind;
  batch: number;
  /** Side of the square images, pixels. */
  size: number;
}

/**
 * ok: right and measured. wrong: its numbers are not those of the referee, so it was not timed. failed: it
 * threw, ended or took too long. unsupported: it has no such function.
 */
export type PeerStatus = 'ok' | 'failed' | 'wrong' | 'unsupported';

export interface PeerRow {
  engine: Engine;
  status: PeerStatus;
  /** Median of the samples; null where nothing was measured. */
  ms: number | null;
  /** Every run after the first, in milliseconds; for coldStart every start; none for memory. */
  samples: number[];
  /** The first run, with compilation of shaders; null for coldStart and memory. */
  firstMs: number | null;
  /** ms / batch. */
  perImage: number | null;
  /** memory only: the peak less weights, gradients and optimizer state. */
  bytes: number | null;
  /** Largest difference from the referee's numbers, probabilities or loss; null where there was none. */
  error: number | null;
  /** Why not ok, or what else is to know. */
  note: string;
  /** What the engine really ran on: by its own words, else the Vulkan drivers that its process had loaded. */
  adapter: string;
}

export interface PeerResult {
  job: PeerJob;
  /** Who said what is right. */
  referee: string;
  rows: PeerRow[];
  /** How many times our time (or memory) each peer needs: above 1 we win. Only engines that are ok. */
  ratios: Partial<Record<Engine, number>>;
}

export interface PeerReport {
  /** ISO 8601. */
  date: string;
  /** Our adapter. */
  adapter: string;
  /** Version of Node, where the engines were processes of it. */
  node?: string;
  /** Versions of the peers' packages. */
  versions: Record<string, string>;
  results: PeerResult[];
}

export function emptyRow(engine: Engine): PeerRow {
  return {
    engine,
    status: 'ok',
    ms: null,
    samples: [],
    firstMs: null,
    perImage: null,
    bytes: null,
    error: null,
    note: '',
    adapter: '',
  };
}

export function addNote(row: PeerRow, text: string): void {
  row.note = row.note ? `${row.note}; ${text}` : text;
}

/** Peer over ours, by time or, for memory, by bytes. */
export function ratiosOf(rows: readonly PeerRow[]): PeerResult['ratios'] {
  const cost = (row: PeerRow | undefined): number | null =>
    row?.status === 'ok' ? (row.bytes ?? row.ms) : null;
  const ours = cost(rows.find((row) => row.engine === 'chexgpu'));
  const ratios: PeerResult['ratios'] = {};
  for (const row of rows) {
    const theirs = cost(row);
    if (ours && theirs !== null && row.engine !== 'chexgpu') ratios[row.engine] = theirs / ours;
  }
  return ratios;
}

export const PEER_TABLE_HEADER = [
  'job',
  'engine',
  'result',
  'per image',
  'first',
  'x ours',
  'adapter',
  'note',
];

export function jobName({ kind, batch, size }: PeerJob): string {
  return `${kind} ${batch}x${size}`;
}

/** Rows for a table under PEER_TABLE_HEADER. */
export function peerTable(report: PeerReport): string[][] {
  return report.results.flatMap(({ job, rows, ratios }) =>
    rows.map((row) => {
      const ratio = ratios[row.engine];
      return [
        jobName(job),
        row.engine,
        row.status === 'ok' ? measured(row) : row.status,
        row.perImage !== null && job.batch > 1 ? milliseconds(row.perImage) : '',
        row.firstMs !== null ? milliseconds(row.firstMs) : '',
        ratio !== undefined ? ratio.toFixed(ratio < 10 ? 2 : 1) : '',
        row.adapter,
        row.note,
      ];
    }),
  );
}

function measured({ bytes, ms }: PeerRow): string {
  if (bytes !== null) return byteSize(bytes);
  return ms !== null ? milliseconds(ms) : '';
}
