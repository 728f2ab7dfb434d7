/** A document's numbers as tables of words: what the terminal prints and the page shows. */
import { byteSize, milliseconds, percent, threeDigits } from '../../src/core/formatting.js';
import type { ProfileRow } from '../../src/engine/timing/profileTables.js';
import { BAR, type ConvolutionRow, type KernelRow, type VariantTotal } from '../kernels/kernelRows.js';
import type { PipelineRow } from '../model/inputPipeline.js';
import type { ScalingReport, ScalingSeries } from '../model/scaling.js';
import { workloadName } from '../model/workload.js';
import type { PeakReport } from '../peaks/measurePeaks.js';
import { PEER_TABLE_HEADER, type PeerReport, peerTable } from '../peers/peerReport.js';
import type { Comparison, ComparisonRow } from './compare.js';
import type { BenchDocument, ModelReport } from './document.js';

export interface Table {
  title: string;
  header: string[];
  rows: string[][];
}

const NUMBER = /^[±<]?-?[\d.,]*( ?(%|ms|s|bytes?|[kMG]B|px|GFLOP\/s|GB\/s|images\/s))?$|^-$/;

/** Which columns hold numbers only: these stand at the right. The first names its row. */
export function numericColumns({ header, rows }: Table): boolean[] {
  return header.map((_, c) => c > 0 && rows.length > 0 && rows.every((row) => NUMBER.test(row[c])));
}

const noiseText = (noise: number | null) => (noise === null ? '' : `±${percent(noise)}`);
const share = (value: number | null) => (value === null ? '' : percent(value));

export function peaksLine({ gflops, gbs, cacheGbs }: PeakReport): string {
  return (
    `Peaks measured here: ${threeDigits(gflops)} GFLOP/s of multiply-adds, ${threeDigits(gbs)} GB/s from memory ` +
    `to memory (${threeDigits(cacheGbs)} GB/s in caches)`
  );
}

/** By kernel or by layer. */
export function profileTable(title: string, rows: readonly ProfileRow[], most = rows.length): Table {
  return {
    title,
    header: ['name', 'dispatches', 'ms', 'of all', 'GFLOP/s', 'GB/s', 'of peak'],
    rows: rows
      .slice(0, most)
      .map((row) => [
        row.name,
        String(row.count),
        threeDigits(row.ns / 1e6),
        percent(row.share),
        threeDigits(row.gflops),
        threeDigits(row.gbs),
        share(row.ofPeak),
      ]),
  };
}

/** Each variant wherever it fits. */
export function variantTable(totals: readonly VariantTotal[]): Table {
  return {
    title: 'Variants (all dispatches of the step that take it; * is what the plan uses)',
    header: [
      'kernel',
      'shapes',
      'dispatches',
      'ms',
      'x naive',
      'GFLOP/s',
      'GB/s',
      'of peak',
      'chosen',
      'fastest',
    ],
    rows: totals.map((t) => [
      `${t.op}.${t.variant}${t.chosen > 0 ? ' *' : ''}`,
      String(t.shapes),
      String(t.count),
      threeDigits(t.ms),
      t.overNaive ? threeDigits(t.overNaive) : '',
      threeDigits(t.gflops),
      threeDigits(t.gbs),
      percent(t.ofPeak),
      String(t.chosen),
      String(t.fastest),
    ]),
  };
}

/** Each variant on each shape. `most` counts shapes. */
export function shapeTable(rows: readonly KernelRow[], most = Number.POSITIVE_INFINITY): Table {
  const shapes = [...new Set(rows.map(({ op, shape }) => `${op} ${shape}`))].slice(0, most);
  const shown = rows.filter(({ op, shape }) => shapes.includes(`${op} ${shape}`));
  return {
    title: 'Shapes (* the plan uses it, + the fastest measured)',
    header: ['shape', 'kernel', 'in step', 'ms', '±', 'GFLOP/s', 'GB/s', 'of peak', 'bound'],
    rows: shown.map((row) => [
      row.shape,
      `${row.op}.${row.variant}${row.tile ? ` ${row.tile}` : ''}${row.chosen ? ' *' : ''}${row.fastest ? ' +' : ''}`,
      row.count > 0 ? String(row.count) : '-',
      threeDigits(row.ms),
      noiseText(row.noise),
      threeDigits(row.gflops),
      threeDigits(row.gbs),
      percent(row.ofPeak),
      row.bound,
    ]),
  };
}

export function convolutionTable(rows: readonly ConvolutionRow[]): Table {
  return {
    title: `Convolutions over 3 % of the step, against the best (none should be below ${percent(BAR)} of it)`,
    header: ['convolution', 'dispatches', 'ms', 'of step', 'GFLOP/s', 'of peak', 'of best', ''],
    rows: rows.map((row) => [
      row.name,
      String(row.count),
      threeDigits(row.ns / 1e6),
      percent(row.share),
      threeDigits(row.gflops),
      share(row.ofPeak),
      percent(row.ofBest),
      row.ok ? '' : 'BELOW',
    ]),
  };
}

export function modelTable({ rows }: Pick<ModelReport, 'rows'>): Table {
  return {
    title: 'The network as a whole (median; the plan alone: its batch on the GPU already, no Adam)',
    header: [
      'work',
      'per call',
      '±',
      'images/s',
      'plan alone',
      'of peak',
      'first call',
      'compile',
      'pipelines',
      'dispatches',
      'per image',
    ],
    rows: rows.map((row) => [
      workloadName(row),
      milliseconds(row.ms),
      noiseText(row.noise),
      threeDigits(row.imagesPerSecond),
      milliseconds(row.plan.ms),
      percent(row.ofPeak),
      milliseconds(row.firstMs),
      milliseconds(row.compileMs),
      String(row.pipelines),
      String(row.dispatches),
      byteSize(row.planBytesAnImage),
    ]),
  };
}

/** Where each workload's time goes, of those that tell it. */
export function groupTables({ rows }: Pick<ModelReport, 'rows'>, most?: number): Table[] {
  return rows.flatMap((row) =>
    row.groups
      ? [
          profileTable(
            `Where ${workloadName(row)} spends its time, each dispatch by itself`,
            row.groups,
            most,
          ),
        ]
      : [],
  );
}

export function pipelineTable(rows: readonly PipelineRow[]): Table {
  return {
    title: 'Input pipeline',
    header: ['work', 'from', 'to', 'images/s'],
    rows: rows.map((row) => [
      row.work,
      `${row.sourceSize} px`,
      `${row.size} px`,
      threeDigits(row.imagesPerSecond),
    ]),
  };
}

export function scalingTable({ series }: ScalingReport): Table {
  return {
    title: 'Growth',
    header: ['work', 'per call', '±', 'per image', 'plan', 'per image', ''],
    rows: series.flatMap(({ points }) =>
      points.map(({ timing, planBytes, skipped, ...workload }) => [
        workloadName(workload),
        timing ? milliseconds(timing.ms) : '-',
        timing ? noiseText(timing.noise) : '',
        timing ? milliseconds(timing.ms / workload.batch) : '',
        planBytes ? byteSize(planBytes) : '-',
        planBytes ? byteSize(planBytes / workload.batch) : '',
        skipped ?? '',
      ]),
    ),
  };
}

/** What the fits say, a line per series. */
export function growthLines({ series }: ScalingReport): string[] {
  return series.flatMap(({ kind, along, time, memory }) => {
    const parts = [
      growthText(along, 'time', time, milliseconds),
      growthText(along, 'memory', memory, byteSize),
    ];
    const known = parts.filter((part): part is string => part !== null);
    return known.length > 0
      ? [`${kind}, over the ${along === 'batch' ? 'batch' : 'pixels of an image'}: ${known.join('; ')}`]
      : [];
  });
}

function growthText(
  along: ScalingSeries['along'],
  what: string,
  { line, power }: ScalingSeries['time'],
  unit: (value: number) => string,
): string | null {
  if (!line || !power) return null;
  const [per, step] = along === 'batch' ? ['per image', 1] : ['per 10,000 pixels', 1e4];
  const base = line.intercept > 0 ? `${unit(line.intercept)} + ` : '';
  return (
    `${what} grows with power ${power.exponent.toFixed(2)} (R² ${power.r2.toFixed(3)}), ` +
    `about ${base}${unit(line.slope * step)} ${per}`
  );
}

export function peersTable(report: PeerReport): Table {
  return {
    title: 'Peers (x ours: how many times our time or memory)',
    header: [...PEER_TABLE_HEADER],
    rows: peerTable(report),
  };
}

/** What bench/torch_baseline.py prints. */
interface TorchBaseline {
  available: boolean;
  why?: string;
  torch?: string;
  device?: string;
  size: number;
  batch: number;
  rows: {
    job: 'infer' | 'train';
    precision: string;
    ms?: number;
    images_per_second?: number;
    error?: string;
  }[];
}

/** PyTorch's rows, beside our plan of the same work where it was measured; null where there is no baseline. */
export function torchTable({ others, model }: Pick<BenchDocument, 'others' | 'model'>): Table | null {
  const torch = others?.torch as TorchBaseline | undefined;
  if (!torch || !Array.isArray(torch.rows)) return null;
  const { size, batch } = torch;
  const rows = torch.rows.map(({ job, precision, ms, images_per_second: speed, error }) => {
    const kind = job === 'infer' ? 'predict' : 'train';
    const same =
      model?.rows.filter((row) => row.kind === kind && row.size === size && row.batch === batch) ?? [];
    // Beside half precision stands ours, where there is one.
    const half = precision === 'amp' ? same.find((row) => row.precision === 'f16') : undefined;
    const ours = half ?? same.find((row) => row.precision !== 'f16');
    return [
      workloadName({ kind, batch, size }),
      precision,
      ms === undefined ? 'failed' : milliseconds(ms),
      speed === undefined ? '-' : threeDigits(speed),
      ours ? `${milliseconds(ours.plan.ms)}${half ? ' f16' : ''}` : '-',
      ours && ms !== undefined ? (ms / ours.plan.ms).toFixed(2) : '-',
      error ?? '',
    ];
  });
  const title = torch.available
    ? `PyTorch ${torch.torch ?? ''} on ${torch.device ?? 'the GPU'} (x ours: how many times our plan's time)`
    : `PyTorch was not measured: ${torch.why ?? 'no reason given'}`;
  return { title, header: ['work', 'precision', 'PyTorch', 'images/s', 'our plan', 'x ours', ''], rows };
}

/** Only rows that differ, or all of them. */
export function comparisonTable({ rows }: Comparison, all = false): Table {
  const shown = rows.filter(({ verdict }) => all || verdict !== 'same');
  return {
    title: all ? 'Against the older document' : 'Against the older document, beyond the noise',
    header: ['section', 'what', 'before', 'after', 'after/before', 'noise', ''],
    rows: shown.map((row) => [
      row.section,
      row.name,
      valueText(row, row.before),
      valueText(row, row.after),
      row.ratio.toFixed(2),
      `±${percent(row.noise)}`,
      row.verdict === 'same' ? '' : row.verdict.toUpperCase(),
    ]),
  };
}

function valueText({ unit }: ComparisonRow, value: number): string {
  if (unit === 'ms') return milliseconds(value);
  if (unit === 'bytes') return byteSize(value);
  return `${threeDigits(value)} ${unit}`;
}
