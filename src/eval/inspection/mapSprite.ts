/** The maps of a layer as tiles of one picture: a tile per channel, row by row. */
import { colourTable } from '../explain/uniformColours.js';
import type { IndexedPicture } from './indexedPng.js';

/** `signed`: blue below 0, white at 0, orange above. `unsigned`: dark at 0, then lighter. `gray`: least to greatest. */
export type SpriteColours = 'signed' | 'unsigned' | 'gray';

export interface Sprite extends IndexedPicture {
  colours: SpriteColours;
  /** Tiles in a row. */
  columns: number;
  /** Which channels, in order. */
  channels: readonly number[];
  /** A pixel is the mean of so many values in each direction. */
  averaged: number;
  /** Values at the ends of the colours, and the share of the pixels that lie beyond. */
  low: number;
  high: number;
  beyond: number;
}

export interface SpriteOptions {
  /** At most so many channels, the first. */
  maxMaps: number;
  /** These instead, where the map has them. */
  channels?: readonly number[];
}

/** Tiles in a row; numbers in a row where each channel is a single one. */
const COLUMNS = 8;
const NUMBERS = 64;
/** Pixels that the side of a tile has at most, and about at least; of a few channels, as the input's, more. */
const LARGEST = 32;
const SMALLEST = 16;
const FEW = 4;
const LARGEST_OF_FEW = 128;
const NUMBER_SIDE = 8;
/** Share of the pixels that the colours span: a few outliers do not leave the others gray. */
const SPANNED = 0.998;

/** The palette: what lies between tiles, NaN and infinity, then numbers from low to high, one of them the middle. */
const BETWEEN = 0;
const NOT_FINITE = 1;
const LOWEST = 2;
const STEPS = 127;
const MAGENTA = [255, 0, 255];

const ZERO = [247, 247, 247];
const BELOW = [5, 84, 137];
const ABOVE = [190, 72, 0];

interface Tiles {
  /** v[tile,y,x] */
  values: Float32Array;
  count: number;
  height: number;
  width: number;
}

/**
 * @param shape [b,h,w,c] of a map; the first image is drawn
 * @returns null where none of the channels asked for is there
 */
export function mapSprite(
  shape: readonly number[],
  values: Float32Array,
  isInput: boolean,
  options: SpriteOptions,
): Sprite | null {
  const [, h, w, c] = shape;
  const isNumbers = h === 1 && w === 1;
  const most = isNumbers ? c : Math.min(c, options.maxMaps);
  const wanted = options.channels ?? Array.from({ length: most }, (_, i) => i);
  const channels = wanted.filter((channel) => channel < c);
  if (channels.length === 0) return null;
  const averaged = Math.ceil(Math.max(h, w) / (c <= FEW ? LARGEST_OF_FEW : LARGEST));
  const tiles = tilesOf(shape, values, channels, averaged);
  const scale = scaleOf(tiles.values, isInput);
  const columns = Math.min(channels.length, isNumbers ? NUMBERS : COLUMNS);
  const zoom = isNumbers
    ? NUMBER_SIDE
    : Math.max(1, Math.floor(SMALLEST / Math.max(tiles.height, tiles.width)));
  const drawn = draw(tiles, scale, columns, zoom, isNumbers ? 0 : 1);
  return { ...drawn, ...scale, columns, channels, averaged };
}

/** The means of `averaged` by `averaged` values; of fewer at the right and at the bottom. */
function tilesOf(
  [, h, w, c]: readonly number[],
  values: Float32Array,
  channels: readonly number[],
  averaged: number,
): Tiles {
  const [height, width] = [Math.ceil(h / averaged), Math.ceil(w / averaged)];
  const made = new Float32Array(channels.length * height * width);
  const counts = new Uint16Array(height * width);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const at = Math.floor(y / averaged) * width + Math.floor(x / averaged);
      counts[at]++;
      channels.forEach((channel, tile) => {
        made[tile * height * width + at] += values[(y * w + x) * c + channel];
      });
    }
  }
  return { values: made.map((v, i) => v / counts[i % counts.length]), count: channels.length, height, width };
}

type Scale = Pick<Sprite, 'colours' | 'low' | 'high' | 'beyond'>;

function scaleOf(values: Float32Array, isInput: boolean): Scale {
  const finite = values.filter(Number.isFinite);
  const least = finite.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const greatest = finite.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  if (isInput) return { colours: 'gray', low: least, high: greatest, beyond: 0 };
  const sizes = finite.map(Math.abs).sort();
  const spanned = sizes[Math.floor(SPANNED * (sizes.length - 1))] || sizes[sizes.length - 1] || 0;
  const beyond = sizes.reduce((sum, size) => sum + Number(size > spanned), 0) / values.length;
  const isSigned = least < 0;
  return { colours: isSigned ? 'signed' : 'unsigned', low: isSigned ? -spanned : 0, high: spanned, beyond };
}

function draw(
  { values, count, height, width }: Tiles,
  scale: Scale,
  columns: number,
  zoom: number,
  gap: number,
): IndexedPicture {
  const rows = Math.ceil(count / columns);
  const [stepX, stepY] = [width * zoom + gap, height * zoom + gap];
  const [wide, high] = [columns * stepX - gap, rows * stepY - gap];
  const indices = new Uint8Array(wide * high).fill(BETWEEN);
  for (let tile = 0; tile < count; tile++) {
    const [left, top] = [(tile % columns) * stepX, Math.floor(tile / columns) * stepY];
    for (let y = 0; y < height * zoom; y++) {
      for (let x = 0; x < width * zoom; x++) {
        const from = (tile * height + Math.floor(y / zoom)) * width + Math.floor(x / zoom);
        indices[(top + y) * wide + left + x] = stepOf(values[from], scale);
      }
    }
  }
  return { width: wide, height: high, indices, palette: paletteOf(scale.colours), transparent: BETWEEN };
}

function stepOf(v: number, { low, high }: Scale): number {
  if (!Number.isFinite(v)) return NOT_FINITE;
  const t = high > low ? Math.min(1, Math.max(0, (v - low) / (high - low))) : 0.5;
  return LOWEST + Math.round(t * (STEPS - 1));
}

/** rgb[129,3] */
function paletteOf(colours: SpriteColours): Uint8Array {
  const numbers = Array.from({ length: STEPS }, (_, step) => colourOf(step / (STEPS - 1), colours));
  return Uint8Array.from([ZERO, MAGENTA, ...numbers].flatMap((rgb) => [...rgb]));
}

/** Of t from 0 to 1. */
export function colourOf(t: number, colours: SpriteColours): number[] {
  if (colours === 'gray') return Array(3).fill(Math.round(255 * t));
  if (colours === 'unsigned') {
    const row = 3 * Math.round(255 * t);
    return [...colourTable('uniform').subarray(row, row + 3)];
  }
  const end = t < 0.5 ? BELOW : ABOVE;
  return ZERO.map((zero, i) => Math.round(zero + Math.abs(2 * t - 1) * (end[i] - zero)));
}
