/** The bench page's figures as Vega-Lite specifications. */

import type { TopLevelSpec } from 'vega-lite';
import { byteSize, milliseconds, percent } from '../../src/core/formatting.js';
import { type Peaks, roof } from '../../src/engine/timing/peaks.js';
import type { ProfileRow } from '../../src/engine/timing/profileTables.js';
import { COLOURS, classStyle, VEGA_CONFIG } from '../../src/eval/report/theme.js';
import type { TimelineRow } from '../kernels/benchKernels.js';
import type { KernelRow, VariantTotal } from '../kernels/kernelRows.js';
import { jobName, type PeerResult } from '../peers/peerReport.js';

const SCHEMA = 'https://vega.github.io/schema/vega-lite/v6.json';
const ROW = 22;
const WIDTH = 560;

type Row = Record<string, string | number | boolean | null>;

export function spec(body: object): TopLevelSpec {
  return { $schema: SCHEMA, config: VEGA_CONFIG, ...body } as TopLevelSpec;
}

/** A category axis that keeps the order it is given. */
function category(field: string, order: readonly string[], extra: object = {}) {
  return { field, type: 'nominal', sort: [...order], axis: { title: null, ...extra } };
}

/** A folder's colour: all convolutions alike in kind, told apart by direction. */
function familyOf(op: string): string {
  return op.startsWith('conv.') ? op : op.split('.')[0];
}

function colours(families: readonly string[]) {
  const order = [...new Set(families)].sort();
  return {
    domain: order,
    range: order.map((_, i) => classStyle(i).colour),
  };
}

/** Bars: where the time of the step goes. */
export function stepSpec(step: readonly ProfileRow[], most = 16): TopLevelSpec {
  const shown = step.slice(0, most);
  const values: Row[] = shown.map(({ name, ns, share, ofPeak }) => ({
    name,
    ms: ns / 1e6,
    text: `${milliseconds(ns / 1e6)}, ${percent(share)}${ofPeak === null ? '' : `, ${percent(ofPeak)} of peak`}`,
  }));
  return spec({
    data: { values },
    width: WIDTH - 140,
    height: ROW * shown.length,
    encoding: {
      y: category(
        'name',
        shown.map(({ name }) => name),
      ),
      x: {
        field: 'ms',
        type: 'quantitative',
        axis: { title: 'milliseconds of the step', grid: false, tickCount: 6 },
        scale: { domainMin: 0, nice: true },
      },
    },
    layer: [
      { mark: { type: 'bar', color: COLOURS.accent, height: { band: 0.66 } } },
      {
        mark: { type: 'text', align: 'left', dx: 6, color: COLOURS.muted, fontSize: 11.5 },
        encoding: { text: { field: 'text' } },
      },
    ],
  });
}

/** Bars: the share of the peak that each variant reaches, one panel per operation. */
export function variantSpec(totals: readonly VariantTotal[]): TopLevelSpec {
  const ops = [...new Set(totals.map(({ op }) => op))];
  const most = Math.max(0.01, ...totals.map(({ ofPeak }) => ofPeak));
  return spec({
    vconcat: ops.map((op, i) => {
      const mine = totals.filter((total) => total.op === op).sort((a, b) => b.ofPeak - a.ofPeak);
      const values: Row[] = mine.map(({ variant, ofPeak, ms, shapes, chosen }) => ({
        variant,
        ofPeak,
        chosen: chosen > 0,
        text: `${percent(ofPeak)}, ${milliseconds(ms)} on ${shapes} ${shapes === 1 ? 'shape' : 'shapes'}`,
      }));
      const last = i === ops.length - 1;
      return {
        title: op,
        data: { values },
        width: WIDTH - 60,
        height: { step: ROW - 2 },
        encoding: {
          y: category(
            'variant',
            mine.map(({ variant }) => variant),
            { minExtent: 110 },
          ),
          x: {
            field: 'ofPeak',
            type: 'quantitative',
            axis: {
              title: last ? 'share of the peak that bounds it' : null,
              format: '.0%',
              grid: false,
              labels: last,
              ticks: last,
              tickCount: 6,
            },
            scale: { domain: [0, most], nice: true },
          },
        },
        layer: [
          {
            mark: { type: 'bar', height: { band: 0.7 } },
            encoding: {
              color: { condition: { test: 'datum.chosen', value: COLOURS.accent }, value: COLOURS.faint },
            },
          },
          {
            mark: { type: 'text', align: 'left', dx: 6, color: COLOURS.muted, fontSize: 11.5 },
            encoding: { text: { field: 'text' } },
          },
        ],
      };
    }),
    spacing: 12,
  });
}

/** GFLOP/s over FLOPs per byte, under the roof of both peaks; one point per shape, as large as its time in the step. */
export function rooflineSpec(rows: readonly KernelRow[], peaks: Peaks): TopLevelSpec {
  const points: Row[] = rows
    .filter(({ gflops, flops, bytes }) => gflops > 0 && flops > 0 && bytes > 0)
    .map((row) => ({
      intensity: row.flops / row.bytes,
      gflops: row.gflops,
      family: familyOf(row.op),
      ms: row.ms * Math.max(1, row.count),
    }));
  const x = points.map(({ intensity }) => Number(intensity));
  const ridge = peaks.gflops / peaks.gbs;
  const [low, high] = [Math.min(0.05, ...x) / 1.5, Math.max(ridge * 8, ...x) * 1.5];
  const line: Row[] = [low, ridge, high].map((intensity) => ({ intensity, gflops: roof(intensity, peaks) }));
  const log = (field: string, title: string, domain: [number, number]) => ({
    field,
    type: 'quantitative',
    axis: { title, values: powersOfTen(...domain), format: '~g', grid: true },
    scale: { type: 'log', nice: false, domain },
  });
  const y = [...points.map(({ gflops }) => Number(gflops)), ...line.map(({ gflops }) => Number(gflops))];
  const domain: [number, number] = [Math.min(...y) / 1.5, peaks.gflops * 2];
  const axes = { x: log('intensity', 'FLOPs per byte', [low, high]), y: log('gflops', 'GFLOP/s', domain) };
  const labels: Row[] = [
    { intensity: high / 1.2, gflops: peaks.gflops * 1.25, text: `${peaks.gflops.toPrecision(3)} GFLOP/s` },
    { intensity: low * 3, gflops: roof(low * 1.8, peaks), text: `${peaks.gbs.toPrecision(3)} GB/s` },
  ];
  const label = (i: number, align: string) => ({
    data: { values: [labels[i]] },
    mark: { type: 'text', align, color: COLOURS.muted, fontSize: 11.5 },
    encoding: { ...axes, text: { field: 'text' } },
  });
  return spec({
    width: WIDTH,
    height: 360,
    layer: [
      {
        data: { values: line },
        mark: { type: 'line', color: COLOURS.ink, strokeWidth: 1.5 },
        encoding: axes,
      },
      {
        data: { values: points },
        mark: { type: 'point', filled: true, opacity: 0.7, clip: true },
        encoding: {
          ...axes,
          color: {
            field: 'family',
            scale: colours(points.map(({ family }) => String(family))),
            legend: { title: null, orient: 'right', symbolType: 'circle' },
          },
          size: { field: 'ms', type: 'quantitative', scale: { range: [14, 260] }, legend: null },
        },
      },
      label(0, 'right'),
      label(1, 'left'),
    ],
  });
}

function powersOfTen(low: number, high: number): number[] {
  const first = Math.ceil(Math.log10(low));
  const count = Math.max(0, Math.floor(Math.log10(high)) - first + 1);
  return Array.from({ length: count }, (_, i) => 10 ** (first + i));
}

/** What runs when: one lane per operation. */
export function timelineSpec(timeline: readonly TimelineRow[]): TopLevelSpec {
  const opOf = (kernel: string) => kernel.slice(0, kernel.lastIndexOf('.'));
  const ops = [...new Set(timeline.map(({ kernel }) => opOf(kernel)))];
  const values: Row[] = timeline.map(({ kernel, begin, end }) => ({
    op: opOf(kernel),
    family: familyOf(kernel),
    begin,
    end,
  }));
  return spec({
    data: { values },
    width: WIDTH + 60,
    height: 18 * ops.length,
    mark: { type: 'bar', height: { band: 0.72 } },
    encoding: {
      y: category('op', ops),
      x: {
        field: 'begin',
        type: 'quantitative',
        axis: { title: 'milliseconds since the step began', tickCount: 8 },
        scale: { nice: false },
      },
      x2: { field: 'end' },
      color: {
        field: 'op',
        sort: ops,
        scale: {
          domain: ops,
          range: ops.map((op) => (op.startsWith('conv.') ? COLOURS.accent : COLOURS.contrast)),
        },
        legend: null,
      },
    },
  });
}

/** Bars of every engine, one panel a job. */
export function peerSpec(results: readonly PeerResult[]): TopLevelSpec {
  const panels = results
    .map(({ job, rows, ratios }) => {
      const measured = rows.filter(({ status, ms, bytes }) => status === 'ok' && (bytes ?? ms) !== null);
      const values: Row[] = measured.map(({ engine, ms, bytes }) => {
        const value = bytes === null ? (ms ?? 0) : bytes / 1e6;
        const text = bytes === null ? milliseconds(value) : byteSize(bytes);
        const ratio = ratios[engine];
        return {
          engine,
          value,
          text: ratio === undefined ? text : `${text}, ${ratio.toPrecision(3)} x ours`,
        };
      });
      return { title: jobName(job), unit: job.kind === 'memory' ? 'megabytes' : 'milliseconds', values };
    })
    .filter(({ values }) => values.length > 0);
  return spec({
    vconcat: panels.map(({ title, unit, values }) => ({
      title,
      data: { values },
      width: WIDTH - 160,
      height: { step: ROW },
      encoding: {
        y: category(
          'engine',
          values.map(({ engine }) => String(engine)),
          { minExtent: 120 },
        ),
        x: {
          field: 'value',
          type: 'quantitative',
          axis: { title: unit, grid: false, tickCount: 5 },
          scale: { domainMin: 0, nice: true },
        },
      },
      layer: [
        {
          mark: { type: 'bar', height: { band: 0.66 } },
          encoding: {
            color: {
              condition: { test: "datum.engine === 'chexgpu'", value: COLOURS.accent },
              value: COLOURS.faint,
            },
          },
        },
        {
          mark: { type: 'text', align: 'left', dx: 6, color: COLOURS.muted, fontSize: 11.5 },
          encoding: { text: { field: 'text' } },
        },
      ],
    })),
    spacing: 22,
  });
}
