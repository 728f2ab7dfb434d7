/**
 * The chest as functions of patient coordinates: x across (0 is the midline, positive towards the patient's
 * left, which is the right of the image), y down (0 is the top of an unshifted film), both in image widths;
 * depths along the ray in cm. Findings that change shape (a large heart, flat domes, lost volume) act here.
 */

import type { Label } from '../../tables/labels.js';
import { clamp, curve, lerp, smoothstep, Table } from '../curves.js';
import type { Finding, Side } from '../findings/findings.js';
import type { Anatomy, Visit } from '../patient.js';

/** Centimetres of body per image width of the detector. */
export const FIELD_CM = 38;

/** Half width of the blur that breathing and heartbeat leave on soft-tissue borders. */
const EDGE = 0.0016;

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

export class Thorax {
  readonly apexY: number;
  /** Top of each dome. */
  readonly domeY: readonly [number, number];
  readonly heart: {
    x: number;
    y: number;
    halfWidth: number;
    halfHeight: number;
    depth: number;
    tilt: number;
  };
  /** Mass of lung per volume, water = 1. */
  readonly lungDensity: number;
  readonly hyperinflation: number;
  readonly midShift: number;
  readonly carinaY: number;
  private readonly inner: Table;
  private readonly lungDepth: Table;
  private readonly bodyDepth: Table;
  private readonly bodyHalf: Table;
  private readonly medialSide: readonly [Table, Table];
  private readonly domes: readonly [Table, Table];
  private readonly outline: Table;
  private readonly heartCos: number;
  private readonly heartSin: number;

  constructor(
    readonly anatomy: Anatomy,
    readonly visit: Visit,
    findings: readonly Finding[],
  ) {
    const find = (label: Label): Finding | undefined => findings.find((f) => f.label === label);
    const emphysema = find('Emphysema');
    const cardiomegaly = find('Cardiomegaly');
    const fibrosis = find('Fibrosis');
    const collapse = findings.filter((f) => f.label === 'Atelectasis');
    const tension = find('Pneumothorax');

    const hyper = emphysema ? emphysema.size : 0;
    this.hyperinflation = hyper;
    const breath = 0.86 + 0.14 * visit.inspiration;
    const lungHeight = anatomy.lungHeight * breath * (1 + 0.13 * hyper) * (fibrosis ? 0.93 : 1);
    this.apexY = anatomy.apexY - 0.012 * hyper;
    const halfWidth = anatomy.chestHalfWidth * (1 + 0.03 * hyper);
    this.lungDensity = anatomy.lungDensity * (1 - 0.3 * hyper) + 0.05 * (1 - visit.inspiration);

    const lift = (side: Side): number =>
      collapse.some((f) => f.side === side) ? 0.045 : find('Effusion')?.side === side ? 0.008 : 0;
    const right = this.apexY + lungHeight;
    this.domeY = [right - lift(0), right + anatomy.domeStep * (1 - 0.5 * hyper) - lift(1)];
    this.carinaY = this.apexY + 0.46 * anatomy.lungHeight;
    let shift = visit.axialTurn;
    for (const f of collapse) shift += f.side === 1 ? 0.012 : -0.012;
    if (tension) shift += (tension.side === 1 ? -0.012 : 0.012) * tension.severity;
    this.midShift = shift;

    const span = right + anatomy.domeHeight - this.apexY;
    const q = (y: number): number => (y - this.apexY) / span;
    this.inner = new Table(
      -0.1,
      1.3,
      (y) =>
        halfWidth *
        curve(
          [
            [-0.02, 0.2],
            [0, 0.27],
            [0.03, 0.4],
            [0.07, 0.51],
            [0.13, 0.62],
            [0.22, 0.735],
            [0.33, 0.83],
            [0.47, 0.91],
            [0.62, 0.965],
            [0.8, 1],
            [1, 1.005],
            [1.3, 0.97],
          ],
          q(y) - 0.02 * hyper * (q(y) < 0.5 ? -1 : 0),
        ),
    );
    const chestDepth = (anatomy.female ? 16 : 17.5) * (0.94 + 0.06 * visit.inspiration) * (1 + 0.12 * hyper);
    this.lungDepth = new Table(-0.1, 1.3, (y) =>
      q(y) <= 0
        ? 0
        : chestDepth *
          curve(
            [
              [0, 0],
              [0.02, 0.26],
              [0.06, 0.42],
              [0.13, 0.58],
              [0.25, 0.75],
              [0.42, 0.9],
              [0.65, 1],
              [0.85, 0.96],
              [1, 0.82],
            ],
            q(y),
          ),
    );
    const wall = 3.5 + 6.5 * anatomy.habitus;
    this.bodyDepth = new Table(-0.2, 1.4, (y) =>
      curve(
        [
          [-0.2, 12.5],
          [-0.03, 12.5],
          [0.08, 14],
          [0.2, (chestDepth + wall) * 0.84],
          [0.4, (chestDepth + wall) * 0.97],
          [0.7, chestDepth + wall],
          [0.95, chestDepth + wall + 1.5],
          [1.5, chestDepth + wall + 3],
        ],
        q(y),
      ),
    );
    const wallWidth = 0.045 + 0.085 * anatomy.habitus;
    this.bodyHalf = new Table(-0.2, 1.4, (y) => {
      const chest = this.inner.at(y) + wallWidth + 0.075 * smoothstep(0.62, 0.12, q(y));
      const waist = 0.03 * smoothstep(0.95, 1.4, q(y)) * (1 - 1.6 * anatomy.habitus);
      const neck = 0.105 + 0.03 * anatomy.habitus + 0.12 * smoothstep(-0.07, 0.05, q(y));
      return lerp(neck, chest - waist, smoothstep(-0.02, 0.14, q(y)));
    });

    const border = (points: readonly (readonly [number, number])[]): Table =>
      new Table(-0.1, 1.3, (y) => curve(points, (y - this.apexY) / anatomy.lungHeight));
    const knob = 0.066 + 0.018 * anatomy.aorta;
    this.medialSide = [
      border([
        [-0.1, 0.1],
        [0.03, 0.072],
        [0.12, 0.055],
        [0.2, 0.052],
        [0.4, 0.063],
        [0.55, 0.068],
        [0.75, 0.058],
        [1.2, 0.05],
      ]),
      border([
        [-0.1, 0.1],
        [0.03, 0.07],
        [0.13, 0.053],
        [0.22, 0.055],
        [0.275, knob - 0.008],
        [0.325, knob],
        [0.375, knob - 0.006],
        [0.425, 0.07],
        [0.48, 0.078],
        [0.55, 0.088],
        [0.65, 0.08],
        [0.8, 0.058],
        [1.2, 0.05],
      ]),
    ];

    const flat = 0.55 * hyper;
    const dome = (side: Side): Table =>
      new Table(0, 0.6, (x) => {
        const w = this.inner.at(this.domeY[side]);
        const t = x / w;
        const peak = side === 0 ? 0.46 : 0.5;
        const outward = t > peak ? ((t - peak) / (1 - peak)) ** 2.3 * anatomy.domeHeight : 0;
        const inward = t < peak ? ((peak - t) / peak) ** 2 * (side === 0 ? 0.03 : 0.024) : 0;
        return this.domeY[side] + (outward + inward) * (1 - flat) + 0.018 * hyper * t;
      });
    this.domes = [dome(0), dome(1)];

    const ratio =
      (cardiomegaly ? cardiomegaly.size : anatomy.heartRatio) *
      (1 - 0.12 * hyper) *
      (visit.view === 'AP' ? 1.04 : 1) *
      (1 + 0.06 * (1 - visit.inspiration));
    const heartHalf = ratio * halfWidth * 0.99;
    const grown = cardiomegaly ? 1 : 0;
    const tilt = clamp(anatomy.heartTilt * 0.12 - 0.14 * hyper + 0.1 * grown, -0.25, 0.22);
    const halfHeight = Math.min(heartHalf, 0.19 + 0.008 * grown) * (1.1 - 0.3 * tilt);
    this.heart = {
      x: this.midShift + heartHalf * (0.31 + 0.07 * grown),
      y: Math.min(this.domeY[0], this.domeY[1]) + 0.05 - halfHeight * 0.56,
      halfWidth: heartHalf,
      halfHeight,
      depth: (10.4 + 2.4 * grown) * (anatomy.female ? 0.94 : 1),
      tilt,
    };
    this.heartCos = Math.cos(tilt);
    this.heartSin = Math.sin(tilt);
    this.outline = new Table(-Math.PI, Math.PI, (a) => {
      const degrees = ((a * 180) / Math.PI + 360) % 360;
      return curve(HEART_OUTLINE, degrees);
    });
  }

  midline(y: number): number {
    return this.midShift + this.anatomy.scoliosis * Math.sin(y * 7 + 1);
  }
  /** Half width of the inner chest at height y. */
  innerHalf(y: number): number {
    return this.inner.at(y);
  }
  bodyHalfWidth(y: number): number {
    return this.bodyHalf.at(y);
  }
  bodyDepthAt(y: number): number {
    return this.bodyDepth.at(y);
  }
  /** Distance of the mediastinal border from the midline. */
  medial(side: Side, y: number): number {
    return this.medialSide[side].at(y);
  }
  /** Height of the diaphragm above which the whole ray meets lung. */
  dome(side: Side, x: number): number {
    return this.domes[side].at(Math.abs(x));
  }

  /** Distance from the heart's centre over the outline's radius in that direction: < 1 inside. */
  heartFraction(x: number, y: number): number {
    const h = this.heart;
    const dx = x - h.x;
    const dy = y - h.y;
    const u = (dx * this.heartCos + dy * this.heartSin) / h.halfWidth;
    const v = (dy * this.heartCos - dx * this.heartSin) / h.halfHeight;
    const r2 = u * u + v * v;
    if (r2 > 1.25) return 2;
    return Math.sqrt(r2) / this.outline.at(Math.atan2(v, u));
  }
  /** Heart along the ray, cm of water. */
  heartDepth(x: number, y: number): number {
    const s = this.heartFraction(x, y);
    if (s >= 1) return 0;
    // The base of the heart is hidden among the great vessels and has no border of its own.
    const base = smoothstep(-1.05, -0.5, (y - this.heart.y) / this.heart.halfHeight);
    return this.heart.depth * base * Math.sqrt(1 - s * s * s);
  }

  /** Inside of the rib cage along the ray, cm: what lung could fill if nothing else were there. */
  chestDepth(x: number, y: number): number {
    const w = this.inner.at(y);
    const t = Math.abs(x) / w;
    if (t >= 1) return 0;
    return this.lungDepth.at(y) * Math.sqrt(1 - t * t * Math.sqrt(t));
  }

  /** Lung along the ray, cm, after heart, great vessels and diaphragm have taken their share. */
  lungThickness(x: number, y: number): number {
    let depth = this.chestDepth(x, y);
    if (depth <= 0) return 0;
    const offset = x - this.midline(y);
    const side: Side = offset < 0 ? 0 : 1;
    const m = this.medialSide[side].at(y);
    const a = Math.abs(offset) / m;
    // Above the carina the great vessels end in a clean line; beside the lower spine lung wraps round them.
    const low = smoothstep(-0.7, -0.1, (y - this.heart.y) / this.heart.halfHeight);
    if (a < 1.3) {
      const sharp = lerp(0.12 + 0.25 * a * a * a, 1, smoothstep(1 - EDGE / m, 1 + EDGE / m, a));
      depth *= lerp(sharp, 0.25 + 0.75 * smoothstep(0.25, 1.3, a), low);
    }
    depth = Math.max(0, depth - this.heartDepth(x, y));
    const below = y - this.domes[side].at(Math.abs(x));
    const under = 0.13 * Math.exp(-Math.max(0, below) / 0.05);
    const over = 1 - 0.3 * Math.exp(Math.min(0, below) / 0.02);
    return depth * lerp(over, under, smoothstep(-EDGE, EDGE, below));
  }

  /** Patient coordinates of a place in a lung: t from the mediastinum (0) to the chest wall (1), q from
   * the apex (0) to the dome (1). */
  lungPoint(side: Side, t: number, q: number): [number, number] {
    const sign = side ? 1 : -1;
    const y = lerp(this.apexY, this.domeY[side] + 0.01, q);
    const from = this.medialSide[side].at(y) + 0.008;
    return [sign * lerp(from, this.inner.at(y), t) + (1 - t) * this.midline(y), y];
  }
}
