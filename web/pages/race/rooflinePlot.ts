/** Where the dots and axes of a roofline lie: arithmetic only. */
import type { KernelRow } from '../../../bench/kernels/kernelRows.js';
import type { Peaks } from '../../../src/engine/timing/peaks.js';

/** Kinds of kernels that have a colour. */
export const FAMILIES = [
  'convolution forward',
  'convolution to the data',
  'convolution to the weights',
  'other',
];

const OPS = ['conv.forward', 'conv.backwardData', 'conv.backwardWeights'];
const MARGIN = { left: 46, right: 14, top: 28, bottom: 40 };
const RADIUS = { least: 3.5, most: 10 };
/** Room beyond the outermost dot or ceiling, as a factor. */
const ROOM = 1.6;
/** FLOPs per byte that are always shown. */
const SPAN = [0.3, 100] as const;

export interface Dot {
  readonly row: KernelRow;
  readonly cx: number;
  readonly cy: number;
  readonly r: number;
  /** Index into FAMILIES. */
  readonly family: number;
}

export interface Plot {
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
  readonly xDomain: readonly [number, number];
  readonly yDomain: readonly [number, number];
  readonly xTicks: readonly number[];
  readonly yTicks: readonly number[];
  readonly box: {
    readonly left: number;
    readonly right: number;
    readonly top: number;
    readonly bottom: number;
  };
  /** From left to right. */
  readonly dots: readonly Dot[];
}

/** What has a place on logarithmic axes. */
export function placeable(rows: readonly KernelRow[]): KernelRow[] {
  return rows.filter(({ flops, bytes, gflops }) => flops > 0 && bytes > 0 && gflops > 0);
}

function powersOfTen([low, high]: readonly [number, number]): number[] {
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const last = Math.floor(Math.log10(high) + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => 10 ** (first + i));
}

function scale([low, high]: readonly [number, number], from: number, to: number): (value: number) => number {
  const span = Math.log(high / low);
  return (value) => from + ((to - from) * Math.log(value / low)) / span;
}

/** @param size of the picture, pixels */
export function plotOf(
  rows: readonly KernelRow[],
  peaks: Peaks,
  { width, height }: { width: number; height: number },
): Plot {
  const shown = placeable(rows);
  const intensity = ({ flops, bytes }: KernelRow) => flops / bytes;
  const bend = peaks.gflops / peaks.gbs;
  const xs = [...shown.map(intensity), bend];
  const xDomain = [Math.min(SPAN[0], ...xs) / ROOM, Math.max(SPAN[1], ...xs) * ROOM] as const;
  const ys = [...shown.map(({ gflops }) => gflops), peaks.gflops];
  const yDomain = [Math.min(...ys, peaks.gflops / 20) / ROOM, Math.max(...ys) * ROOM] as const;
  const { left, right, top, bottom } = MARGIN;
  const box = { left, right: width - right, top, bottom: height - bottom };
  const x = scale(xDomain, box.left, box.right);
  const y = scale(yDomain, box.bottom, box.top);
  const time = ({ ms, count }: KernelRow) => ms * Math.max(1, count);
  const longest = Math.max(...shown.map(time));
  const dots = shown.map((row): Dot => {
    const at = OPS.indexOf(row.op);
    return {
      row,
      cx: x(intensity(row)),
      cy: y(row.gflops),
      r: RADIUS.least + (RADIUS.most - RADIUS.least) * Math.sqrt(time(row) / longest),
      family: at < 0 ? OPS.length : at,
    };
  });
  dots.sort((a, b) => a.cx - b.cx);
  return { x, y, xDomain, yDomain, xTicks: powersOfTen(xDomain), yTicks: powersOfTen(yDomain), box, dots };
}

/** A power of ten: 0.01, 1, 10,000. */
export function tickWords(value: number): string {
  return value.toLocaleString('en-US', { maximumSignificantDigits: 1 });
}
