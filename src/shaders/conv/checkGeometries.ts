/** The shapes on which conv.ts is checked: odd sizes, strides between pixels, offsets, odd channel counts. */
import type { Shape } from '../checkCase.js';
import type { ConvShape } from './shape.js';

export interface Geometry {
  title: string;
  x: Shape;
  out: number;
  conv: ConvShape;
  prologue: boolean;
  /** Channels of the buffers that x and y are slices of. */
  wide?: { x: number; y: number; yFrom: number };
  race?: boolean;
  /** Sums over so many pixels that they need a wider tolerance. */
  long?: boolean;
}

const POINT: ConvShape = { kernel: 1, stride: 1, pad: 0 };
const GROWTH: ConvShape = { kernel: 3, stride: 1, pad: 1 };
const STEM: ConvShape = { kernel: 7, stride: 2, pad: 3 };

export const GEOMETRIES: Geometry[] = [
  { title: '1x1 odd channels', x: [2, 3, 5, 7], out: 9, conv: POINT, prologue: true },
  {
    title: '1x1 slice of a block',
    x: [3, 5, 7, 36],
    out: 48,
    conv: POINT,
    prologue: true,
    wide: { x: 64, y: 56, yFrom: 4 },
  },
  { title: '1x1 no prologue', x: [1, 7, 3, 20], out: 12, conv: POINT, prologue: false },
  { title: '3x3 odd channels', x: [2, 5, 4, 3], out: 5, conv: GROWTH, prologue: true },
  {
    title: '3x3 into a block',
    x: [2, 7, 9, 24],
    out: 32,
    conv: GROWTH,
    prologue: true,
    wide: { x: 24, y: 96, yFrom: 40 },
  },
  { title: '3x3 one pixel', x: [1, 1, 1, 8], out: 16, conv: GROWTH, prologue: true },
  { title: '7x7 stride 2', x: [2, 15, 11, 3], out: 20, conv: STEM, prologue: false },
  { title: '7x7 stride 2, one channel', x: [1, 9, 13, 1], out: 6, conv: STEM, prologue: false },
  { title: '7x7 stride 2, one channel to 20', x: [2, 15, 11, 1], out: 20, conv: STEM, prologue: false },
  // Channels for whole register tiles, pixels for broken ones.
  {
    title: '1x1 whole tiles',
    x: [3, 5, 7, 32],
    out: 64,
    conv: POINT,
    prologue: true,
    wide: { x: 64, y: 96, yFrom: 16 },
  },
  { title: '3x3 whole tiles', x: [2, 5, 3, 32], out: 32, conv: GROWTH, prologue: true },
  { title: '7x7 stride 2, whole tiles', x: [1, 11, 9, 3], out: 32, conv: STEM, prologue: false },
  { title: '1x1 block 3 at 64 px', x: [4, 4, 4, 512], out: 128, conv: POINT, prologue: true, race: true },
  { title: '1x1 block 1 at 64 px', x: [4, 16, 16, 160], out: 128, conv: POINT, prologue: true, race: true },
  { title: '3x3 block 1 at 64 px', x: [4, 16, 16, 128], out: 32, conv: GROWTH, prologue: true, race: true },
  { title: '7x7 stem at 64 px', x: [4, 64, 64, 3], out: 64, conv: STEM, prologue: false, race: true },
];

/** Strides with a gradient of the input, that no network has: several columns of channels, an even window, slices. */
export const STRIDED: readonly Geometry[] = [
  {
    title: '3x3 stride 2, slice of a block',
    x: [2, 8, 11, 6],
    out: 12,
    conv: { kernel: 3, stride: 2, pad: 1 },
    prologue: false,
    wide: { x: 9, y: 20, yFrom: 4 },
  },
  {
    title: '4x4 stride 3',
    x: [1, 13, 8, 5],
    out: 8,
    conv: { kernel: 4, stride: 3, pad: 2 },
    prologue: false,
  },
];

/**
 * Whatever a plan may ask for that the shapes above do not have: each window with and without a prologue, channels for
 * every tile, and pixels for each number of them that a thread may take. The few pixels are not square, so that no
 * side stands in for another.
 */
export const PLAN_GEOMETRIES: readonly Geometry[] = [
  [1, 2, 5],
  [2, 2, 5],
  [2, 7, 11],
  [3, 9, 11],
].flatMap(([b, h, w]) => [
  ...[POINT, GROWTH].flatMap((conv) =>
    [true, false].map((prologue): Geometry => {
      const title = `${conv.kernel}x${conv.kernel}, ${b * h * w} pixels${prologue ? '' : ', no prologue'}`;
      const wide = { x: 112, y: 116, yFrom: 12 };
      return { title, x: [b, h, w, 96], out: 96, conv, prologue, wide };
    }),
  ),
  ...[1, 3].flatMap((channels): Geometry[] => {
    const rest = { out: 32, prologue: false };
    const title = `${b * h * w} pixels, ${channels} in`;
    return [
      { title: `7x7 stride 2, ${title}`, x: [b, 2 * h, 2 * w - 1, channels], conv: STEM, ...rest },
      { title: `3x3, ${title}`, x: [b, h, w, channels], conv: GROWTH, ...rest },
    ];
  }),
]);

/** More pixels in one sum than it may have without being flushed. */
export const LONG_ROWS: readonly Geometry[] = [
  ...[POINT, GROWTH].flatMap((conv) =>
    [true, false].map((prologue): Geometry => {
      const title = `${conv.kernel}x${conv.kernel}, one long row${prologue ? '' : ', no prologue'}`;
      return { title, x: [1, 1, 4100, 16], out: 32, conv, prologue, long: true };
    }),
  ),
  ...[1, 3].flatMap((channels): Geometry[] => {
    const rest = { out: 32, prologue: false, long: true };
    const title = `one long row, ${channels} in`;
    return [
      { title: `7x7 stride 2, ${title}`, x: [1, 2, 8199, channels], conv: STEM, ...rest },
      { title: `3x3, ${title}`, x: [1, 1, 4100, channels], conv: GROWTH, ...rest },
    ];
  }),
];
