/**
 * Colours for maps in which equal steps of the number look like equal steps: from a dark violet over red to a light
 * yellow, ever lighter. A path through OKLab (Björn Ottosson, "A perceptual color space for image processing", 2020),
 * walked at constant speed.
 */
import { oneOf } from '../../core/arguments.js';
import { JET } from './colormap.js';

/** How maps may be coloured: `uniform` to the eye, or the notebook's `jet`. */
export const MAP_COLOURS = ['uniform', 'jet'] as const;
export type MapColours = (typeof MAP_COLOURS)[number];

/** Lightness and hue (degrees) at both ends; the hue goes up through 360, which is a purple red. */
const LIGHTNESS = [0.22, 0.94] as const;
const HUE = [296, 464] as const;
/** As colourful as sRGB allows, but not more than this. */
const MOST_CHROMA = 0.21;
const INSIDE = 0.96;
const STEPS = 4096;

type Triple = readonly [number, number, number];

/** Linear sRGB of OKLab; below 0 or above 1 for what no screen shows. */
function linearRgb([L, a, b]: Triple): Triple {
  const l = (L + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (L - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (L - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
}

/** sRGB's transfer function (IEC 61966-2-1), as a byte. */
function toByte(linear: number): number {
  const v = Math.min(1, Math.max(0, linear));
  return Math.round(255 * (v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055));
}

function colour(L: number, degrees: number, chroma: number): Triple {
  const angle = (degrees * Math.PI) / 180;
  return [L, chroma * Math.cos(angle), chroma * Math.sin(angle)];
}

/** The largest chroma that sRGB has at a lightness and a hue, by bisection. */
function largestChroma(L: number, degrees: number): number {
  let [low, high] = [0, 0.4];
  for (let i = 0; i < 24; i++) {
    const middle = (low + high) / 2;
    const isShown = linearRgb(colour(L, degrees, middle)).every((v) => v >= 0 && v <= 1);
    if (isShown) low = middle;
    else high = middle;
  }
  return low;
}

/** The path at t in 0..1. */
function pathAt(t: number): Triple {
  const L = LIGHTNESS[0] + t * (LIGHTNESS[1] - LIGHTNESS[0]);
  const hue = HUE[0] + t * (HUE[1] - HUE[0]);
  return colour(L, hue, Math.min(MOST_CHROMA, INSIDE * largestChroma(L, hue)));
}

function uniformTable(): Uint8Array {
  const path = Array.from({ length: STEPS + 1 }, (_, i) => pathAt(i / STEPS));
  const lengths = [0];
  for (let i = 1; i <= STEPS; i++) {
    lengths.push(lengths[i - 1] + Math.hypot(...path[i].map((v, c) => v - path[i - 1][c])));
  }
  const table = new Uint8Array(256 * 3);
  for (let row = 0, at = 0; row < 256; row++) {
    while (at < STEPS && lengths[at] < (row / 255) * lengths[STEPS]) at++;
    table.set(linearRgb(path[at]).map(toByte), 3 * row);
  }
  return table;
}

let made: Uint8Array | null = null;

/** The colours as rgb[256,3], 8 bits each: row floor(256 t) for t in 0..1. @throws UsageError for a name of none */
export function colourTable(colours: MapColours): Uint8Array {
  if (oneOf('colours', colours, MAP_COLOURS) === 'jet') return JET;
  made ??= uniformTable();
  return made;
}
