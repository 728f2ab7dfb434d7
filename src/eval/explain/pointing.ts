/**
 * The pointing game (Zhang, Bargal, Lin, Brandt, Shen and Sclaroff 2018, "Top-down neural attention by excitation
 * backprop"): a map hits where its peak lies in a box of the finding. No tolerance is added to the boxes.
 */
import type { FindingBox, PointingSummary } from '../report/reportData.js';

export interface Pointing {
  /** The pixel with the largest value, of several the first in row order. */
  x: number;
  y: number;
  /** The centre of that pixel lies in a box; never for a map that is zero everywhere. */
  hit: boolean;
  /** Share of the image's pixels that lie in a box: what a peak anywhere would hit. */
  chance: number;
}

/**
 * Where a map points, and whether that is right.
 * @param map map[h,w]
 * @param boxes of the finding, in pixels of the map; overlaps count once
 */
export function pointAt(
  { map, width, height, empty }: { map: Float32Array; width: number; height: number; empty: boolean },
  boxes: readonly FindingBox[],
): Pointing {
  const isInside = (x: number, y: number) =>
    boxes.some(
      (b) => x + 0.5 >= b.x && x + 0.5 < b.x + b.width && y + 0.5 >= b.y && y + 0.5 < b.y + b.height,
    );
  let peak = 0;
  let inside = 0;
  for (let i = 0; i < map.length; i++) {
    if (map[i] > map[peak]) peak = i;
    if (isInside(i % width, Math.floor(i / width))) inside++;
  }
  const [x, y] = [peak % width, Math.floor(peak / width)];
  return { x, y, hit: !empty && isInside(x, y), chance: inside / (width * height) };
}

/** Adds up the maps of each label. */
export function pointingResult(
  labels: readonly string[],
  played: readonly (Pick<Pointing, 'hit' | 'chance'> & { label: string })[],
  threshold: number,
): PointingSummary {
  const score = (maps: typeof played) => ({
    maps: maps.length,
    hits: maps.filter(({ hit }) => hit).length,
    chance: maps.reduce((sum, { chance }) => sum + chance, 0) / maps.length,
  });
  const classes = labels.flatMap((label) => {
    const own = played.filter((one) => one.label === label);
    return own.length > 0 ? [{ label, ...score(own) }] : [];
  });
  return { threshold, classes, all: score(played) };
}
