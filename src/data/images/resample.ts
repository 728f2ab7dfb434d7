/**
 * PIL's smooth resizing of 8-bit pixels, bit for bit, which sharp's is not: a convolution whose support grows with the
 * shrinking factor, so that it does not alias; first along the rows, then along the columns, with weights in fixed
 * point and pixels rounded to 8 bits between the two. Source: Pillow src/libImaging/Resample.c, as it was up to
 * Pillow 12. Pillow 13 begins with the columns where the height shrinks by more than twice the pixels that the
 * width does, which never is so from square to square.
 */
import type { PixelImage } from './pixels.js';

interface Filter {
  /** Half the width of the kernel at scale 1, in source pixels. */
  readonly support: number;
  readonly weight: (x: number) => number;
}

/** sin(pi x) / (pi x) */
function sinc(x: number): number {
  if (x === 0) return 1;
  const angle = x * Math.PI;
  return Math.sin(angle) / angle;
}

function hamming(x: number): number {
  const distance = Math.abs(x);
  // Pillow writes these two constants in single precision.
  return distance < 1
    ? sinc(distance) * (Math.fround(0.54) + Math.fround(0.46) * Math.cos(distance * Math.PI))
    : 0;
}

/** Keys' cubic convolution with a = -0.5. */
function bicubic(x: number): number {
  const d = Math.abs(x);
  if (d < 1) return (1.5 * d - 2.5) * d * d + 1;
  return d < 2 ? (((d - 5) * d + 8) * d - 4) * -0.5 : 0;
}

const FILTERS = {
  box: { support: 0.5, weight: (x: number) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, weight: (x: number) => Math.max(0, 1 - Math.abs(x)) },
  hamming: { support: 1, weight: hamming },
  bicubic: { support: 2, weight: bicubic },
  lanczos: { support: 3, weight: (x: number) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
} as const satisfies Record<string, Filter>;

export type SmoothFilter = keyof typeof FILTERS;
export const SMOOTH_FILTERS: readonly SmoothFilter[] = Object.freeze(Object.keys(FILTERS) as SmoothFilter[]);

/** 32 bits less 8 for the pixel and 2 for weights below 0 and above 1. */
const PRECISION_BITS = 22;
const ONE = 1 << PRECISION_BITS;
const HALF = ONE >> 1;

/** What each target pixel of one axis is made of. */
interface Taps {
  /** Source pixel of the first weight. */
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** weights[target, stride] in units of 2^-22. */
  readonly weights: Int32Array;
  readonly stride: number;
}

function tapsOf(source: number, target: number, { support, weight }: Filter): Taps {
  const scale = source / target;
  const widening = Math.max(scale, 1);
  const reach = support * widening;
  const stride = Math.ceil(reach) * 2 + 1;
  const first = new Int32Array(target);
  const count = new Int32Array(target);
  const weights = new Int32Array(target * stride);
  for (let i = 0; i < target; i++) {
    const center = (i + 0.5) * scale;
    const from = Math.max(0, Math.trunc(center - reach + 0.5));
    const to = Math.min(source, Math.trunc(center + reach + 0.5));
    const exact = Array.from({ length: to - from }, (_, t) =>
      weight((t + from - center + 0.5) * (1 / widening)),
    );
    const sum = exact.reduce((total, w) => total + w, 0);
    first[i] = from;
    count[i] = to - from;
    for (const [t, w] of exact.entries()) {
      const share = sum === 0 ? w : w / sum;
      weights[i * stride + t] = Math.trunc(share * ONE + (share < 0 ? -0.5 : 0.5));
    }
  }
  return { first, count, weights, stride };
}

function toByte(sum: number): number {
  return Math.max(0, Math.min(sum >> PRECISION_BITS, 255));
}

function alongRows(
  { data, width, height, channels }: PixelImage,
  target: number,
  filter: Filter,
): PixelImage {
  const { first, count, weights, stride } = tapsOf(width, target, filter);
  const out = new Uint8Array(target * height * channels);
  let o = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < target; x++) {
      for (let c = 0; c < channels; c++) {
        let from = (y * width + first[x]) * channels + c;
        let sum = HALF;
        for (let t = x * stride; t < x * stride + count[x]; t++) {
          sum = (sum + Math.imul(data[from], weights[t])) | 0;
          from += channels;
        }
        out[o++] = toByte(sum);
      }
    }
  }
  return { width: target, height, channels, data: out };
}

function alongColumns(
  { data, width, height, channels }: PixelImage,
  target: number,
  filter: Filter,
): PixelImage {
  const { first, count, weights, stride } = tapsOf(height, target, filter);
  const rowLength = width * channels;
  const out = new Uint8Array(target * rowLength);
  const sums = new Int32Array(rowLength);
  for (let y = 0; y < target; y++) {
    sums.fill(HALF);
    for (let t = 0; t < count[y]; t++) {
      const from = (first[y] + t) * rowLength;
      const weight = weights[y * stride + t];
      for (let x = 0; x < rowLength; x++) sums[x] += Math.imul(data[from + x], weight);
    }
    for (let x = 0; x < rowLength; x++) out[y * rowLength + x] = toByte(sums[x]);
  }
  return { width, height: target, channels, data: out };
}

/** PIL's `resize((width, height), filter)`; an axis that has its length already is left as it is. */
export function resample(image: PixelImage, width: number, height: number, filter: SmoothFilter): PixelImage {
  const rows = image.width === width ? image : alongRows(image, width, FILTERS[filter]);
  return rows.height === height ? rows : alongColumns(rows, height, FILTERS[filter]);
}
