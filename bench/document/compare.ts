/** Two documents side by side: what has become slower, faster, larger or smaller beyond the noise. */

import { spreadOf } from '../../src/engine/timing/statistics.js';
import { workloadName } from '../model/workload.js';
import { type Engine, jobName } from '../peers/peerReport.js';
import type { BenchDocument } from './document.js';

/** Less than this is never called a difference: two runs of the same differ so much, on shared cores more. */
const FLOOR = { hardware: 0.03, software: 0.25 } as const;
/** What a time may be off by that was measured too seldom to tell. */
const UNKNOWN_NOISE = 0.15;
/** A half distance of quartiles, as a deviation that nearly all runs stay within. */
const QUARTILES = 3;
/** Bytes do not scatter. */
const BYTES_FLOOR = 0.001;

/** One number with a name that stays the same from run to run. */
export interface Figure {
  section: 'kernels' | 'model' | 'scaling' | 'pipeline' | 'peers' | 'peaks';
  name: string;
  value: number;
  unit: 'ms' | 'bytes' | 'images/s' | 'GFLOP/s' | 'GB/s';
  noise: number | null;
}

export type Verdict = 'better' | 'worse' | 'same';

export interface ComparisonRow {
  section: Figure['section'];
  name: string;
  unit: Figure['unit'];
  before: number;
  after: number;
  /** after / before. */
  ratio: number;
  /** What the ratio may be off by without meaning anything. */
  noise: number;
  verdict: Verdict;
}

export interface Comparison {
  rows: ComparisonRow[];
  /** Names that only one of the two has. */
  gone: string[];
  added: string[];
  /** What makes the two hard to compare: another adapter, driver or machine. */
  warnings: string[];
}

/** Every number of a document worth comparing. */
export function figures(document: BenchDocument): Figure[] {
  const list: Figure[] = [];
  const { peaks, kernels, model, peers } = document;
  if (peaks) {
    list.push({ section: 'peaks', name: 'multiply-adds', value: peaks.gflops, unit: 'GFLOP/s', noise: null });
    list.push({ section: 'peaks', name: 'copy', value: peaks.gbs, unit: 'GB/s', noise: null });
  }
  if (kernels) {
    const part = kernels.part === undefined ? '' : ` of ${kernels.part}`;
    const step = `${workloadName(kernels)}, sum of dispatches${part}`;
    list.push({ section: 'kernels', name: step, value: kernels.stepMs, unit: 'ms', noise: null });
    for (const { op, variant, tile, shape, ms, noise } of kernels.rows) {
      const name = [`${op}.${variant}`, tile, shape].filter(Boolean).join(' ');
      list.push({ section: 'kernels', name, value: ms, unit: 'ms', noise });
    }
  }
  for (const row of model?.rows ?? []) {
    const add = (what: string, value: number, unit: Figure['unit'], noise: number | null) =>
      list.push({ section: 'model', name: `${workloadName(row)}, ${what}`, value, unit, noise });
    add('whole call', row.ms, 'ms', row.noise);
    add('plan alone', row.plan.ms, 'ms', row.plan.noise);
    add('first call', row.firstMs, 'ms', null);
    add('plan memory', row.planBytes, 'bytes', 0);
  }
  for (const { work, size, imagesPerSecond } of model?.pipeline ?? []) {
    const name = `${work} to ${size} px`;
    list.push({ section: 'pipeline', name, value: imagesPerSecond, unit: 'images/s', noise: null });
  }
  for (const { points } of model?.scaling?.series ?? []) {
    for (const point of points) {
      if (!point.timing) continue;
      const name = workloadName(point);
      if (list.some((known) => known.section === 'scaling' && known.name === name)) continue;
      list.push({ section: 'scaling', name, value: point.timing.ms, unit: 'ms', noise: point.timing.noise });
    }
  }
  for (const { job, rows } of peers?.results ?? []) {
    for (const { engine, status, ms, bytes, samples } of rows) {
      const value = bytes ?? ms;
      if (status !== 'ok' || value === null) continue;
      const unit = bytes === null ? 'ms' : 'bytes';
      const name = `${jobName(job)}, ${engine satisfies Engine}`;
      list.push({ section: 'peers', name, value, unit, noise: unit === 'bytes' ? 0 : spreadOf(samples) });
    }
  }
  return list;
}

/** @param before the older one */
export function compareDocuments(before: BenchDocument, after: BenchDocument): Comparison {
  const key = ({ section, name }: Figure) => `${section}: ${name}`;
  const old = new Map(figures(before).map((figure) => [key(figure), figure]));
  const floor = FLOOR[after.adapter.kind === 'hardware' ? 'hardware' : 'software'];
  const rows: ComparisonRow[] = [];
  const added: string[] = [];
  for (const figure of figures(after)) {
    const known = old.get(key(figure));
    if (known) rows.push(compareFigures(known, figure, floor));
    else added.push(key(figure));
    old.delete(key(figure));
  }
  // What a section has lost; sections that were not measured this time are not missed.
  const sections = new Set(rows.map(({ section }) => section));
  const gone = [...old].filter(([, { section }]) => sections.has(section)).map(([name]) => name);
  return { rows, gone, added, warnings: warningsOf(before, after) };
}

/** @param floor no smaller difference counts */
export function compareFigures(before: Figure, after: Figure, floor: number): ComparisonRow {
  const { section, name, unit } = after;
  const ratio = after.value / before.value;
  const each = [before.noise, after.noise].map((noise) =>
    noise === null ? UNKNOWN_NOISE : QUARTILES * noise,
  );
  const noise = unit === 'bytes' ? BYTES_FLOOR : Math.max(floor, Math.hypot(...each));
  const larger = ratio > 1 + noise;
  const smaller = ratio < 1 / (1 + noise);
  const less = unit === 'ms' || unit === 'bytes';
  const verdict = larger ? (less ? 'worse' : 'better') : smaller ? (less ? 'better' : 'worse') : 'same';
  return { section, name, unit, before: before.value, after: after.value, ratio, noise, verdict };
}

function warningsOf(before: BenchDocument, after: BenchDocument): string[] {
  const warnings: string[] = [];
  const differ = (what: string, a: string, b: string) => {
    if (a !== b) warnings.push(`${what}: ${a} before, ${b} now.`);
  };
  differ('Another adapter', before.adapter.name, after.adapter.name);
  differ('Another driver', before.driver, after.driver);
  differ('Another processor', before.cpus.model, after.cpus.model);
  differ('Another number of cores', String(before.cpus.count), String(after.cpus.count));
  return warnings;
}
