/** The heart: its outline on the film and its depth along the ray. */

import type { PixelRow } from '../canvas.js';
import { clamp, curve, smoothstep, Table } from '../curves.js';
import type { Finding } from '../findings/placeFinding.js';
import type { Anatomy, Visit } from '../patient.js';

const HEART_OUTLINE: readonly (readonly [number, number])[] = [
  // angle (degrees, 0 towards the patient's left, clockwise on the film), radius in half-heart-widths
  [0, 0.97],
  [24, 1.03],
  [42, 1.04],
  [62, 0.93],
  [90, 0.83],
  [118, 0.86],
  [146, 1.0],
  [172, 1.0],
  [200, 1.0],
  [225, 1.0],
  [250, 0.95],
  [275, 0.97],
  [297, 0.9],
  [320, 0.85],
  [340, 0.89],
  [360, 0.97],
];

export class Heart {
  /** Of its centre. */
  readonly x: number;
  readonly y: number;
  readonly halfWidth: number;
  readonly halfHeight: number;
  /** Along the ray in its middle, cm of water. */
  readonly depth: number;
  /** Radians. */
  readonly tilt: number;
  private readonly outline: Table;
  private readonly cos: number;
  private readonly sin: number;

  /** @param chest half width of the inner chest, hyperinflation, shift of the midline, tops of the domes */
  constructor(
    anatomy: Anatomy,
    visit: Visit,
    cardiomegaly: Finding | undefined,
    chest: { halfWidth: number; hyper: number; midShift: number; domeY: readonly [number, number] },
  ) {
    const { halfWidth, hyper, midShift, domeY } = chest;
    const ratio =
      (cardiomegaly ? cardiomegaly.size : anatomy.heartRatio) *
      (1 - 0.12 * hyper) *
      (visit.view === 'AP' ? 1.04 : 1) *
      (1 + 0.06 * (1 - visit.inspiration));
    this.halfWidth = ratio * halfWidth * 0.99;
    const grown = cardiomegaly ? 1 : 0;
    this.tilt = clamp(anatomy.heartTilt * 0.12 - 0.14 * hyper + 0.1 * grown, -0.25, 0.22);
    this.halfHeight = Math.min(this.halfWidth, 0.19 + 0.008 * grown) * (1.1 - 0.3 * this.tilt);
    this.x = midShift + this.halfWidth * (0.31 + 0.07 * grown);
    this.y = Math.min(domeY[0], domeY[1]) + 0.05 - this.halfHeight * 0.56;
    this.depth = (10.4 + 2.4 * grown) * (anatomy.female ? 0.94 : 1);
    this.cos = Math.cos(this.tilt);
    this.sin = Math.sin(this.tilt);
    this.outline = new Table(-Math.PI, Math.PI, (a) => {
      const degrees = ((a * 180) / Math.PI + 360) % 360;
      return curve(HEART_OUTLINE, degrees);
    });
  }

  /** Distance from the heart's centre over the outline's radius in that direction: < 1 inside. */
  fraction(x: number, y: number): number {
    const dx = x - this.x;
    const dy = y - this.y;
    const u = (dx * this.cos + dy * this.sin) / this.halfWidth;
    const v = (dy * this.cos - dx * this.sin) / this.halfHeight;
    const r2 = u * u + v * v;
    if (r2 > 1.25) return 2;
    return Math.sqrt(r2) / this.outline.at(Math.atan2(v, u));
  }
  /** Heart along the ray, cm of water. */
  depthAt(x: number, y: number): number {
    const s = this.fraction(x, y);
    if (s >= 1) return 0;
    // The base of the heart is hidden among the great vessels and has no border of its own.
    const base = smoothstep(-1.05, -0.5, (y - this.y) / this.halfHeight);
    return this.depth * base * Math.sqrt(1 - s * s * s);
  }

  /** Takes the heart's depth off the lung along each ray of a row. */
  take({ count, xs, ys }: PixelRow, lung: Float64Array): void {
    // Beyond it `fraction` is 2; the square root of 1.25 is 1.118.
    const reach = 1.12 * Math.max(this.halfWidth, this.halfHeight);
    for (let k = 0; k < count; k++) {
      if (lung[k] <= 0 || Math.abs(xs[k] - this.x) > reach || Math.abs(ys[k] - this.y) > reach) continue;
      lung[k] = Math.max(0, lung[k] - this.depthAt(xs[k], ys[k]));
    }
  }
}
