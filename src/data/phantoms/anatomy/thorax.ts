/**
 * The chest as functions of patient coordinates: x across (0 is the midline, positive towards the patient's
 * left, which is the right of the image), y down (0 is the top of an unshifted film), both in image widths;
 * depths along the ray in cm. Findings that change shape (a large heart, flat domes, lost volume) act here.
 */

import type { Label } from '../../tables/labels.js';
import type { PixelRow } from '../canvas.js';
import { lerp, smoothstep, type Table } from '../curves.js';
import type { Finding, Side } from '../findings/placeFinding.js';
import type { Anatomy, Visit } from '../patient.js';
import { type ChestWall, chestWall } from './chestWall.js';
import { Heart } from './heart.js';
import { diaphragm, mediastinalBorders } from './lungBorders.js';

/** Centimetres of body per image width of the detector. */
export const FIELD_CM = 38;

/** Half width of the blur that breathing and heartbeat leave on soft-tissue borders. */
const EDGE = 0.0016;

export class Thorax {
  readonly apexY: number;
  /** Top of each dome. */
  readonly domeY: readonly [number, number];
  readonly heart: Heart;
  /** Mass of lung per volume, water = 1. */
  readonly lungDensity: number;
  readonly hyperinflation: number;
  readonly midShift: number;
  readonly carinaY: number;
  private readonly wall: ChestWall;
  private readonly medialSide: readonly [Table, Table];
  private readonly domes: readonly [Table, Table];
  /** Of the pixels of a row from the midline. */
  private offsets = new Float64Array(0);

  constructor(
    readonly anatomy: Anatomy,
    readonly visit: Visit,
    findings: readonly Finding[],
  ) {
    const find = (label: Label): Finding | undefined => findings.find((f) => f.label === label);
    const emphysema = find('Emphysema');
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
    const level = (y: number): number => (y - this.apexY) / span;
    this.wall = chestWall(anatomy, visit, { halfWidth, hyper, level });
    this.medialSide = mediastinalBorders(anatomy, this.apexY);
    this.domes = diaphragm(anatomy, this.domeY, this.wall.inner, hyper);
    const { midShift, domeY } = this;
    this.heart = new Heart(anatomy, visit, find('Cardiomegaly'), { halfWidth, hyper, midShift, domeY });
  }

  midline(y: number): number {
    return this.midShift + this.anatomy.scoliosis * Math.sin(y * 7 + 1);
  }
  /** Half width of the inner chest at height y. */
  innerHalf(y: number): number {
    return this.wall.inner.at(y);
  }
  bodyHalfWidth(y: number): number {
    return this.wall.bodyHalf.at(y);
  }
  bodyDepthAt(y: number): number {
    return this.wall.bodyDepth.at(y);
  }
  /** Distance of the mediastinal border from the midline. */
  medial(side: Side, y: number): number {
    return this.medialSide[side].at(y);
  }
  /** Height of the diaphragm above which the whole ray meets lung. */
  dome(side: Side, x: number): number {
    return this.domes[side].at(Math.abs(x));
  }

  /** Inside of the rib cage along the ray, cm: what lung could fill if nothing else were there. */
  chestDepth(x: number, y: number): number {
    const w = this.wall.inner.at(y);
    const t = Math.abs(x) / w;
    if (t >= 1) return 0;
    return this.wall.lungDepth.at(y) * Math.sqrt(1 - t * t * Math.sqrt(t));
  }

  /** Lung along each ray of a row, cm, after great vessels, heart and diaphragm have taken their share. */
  lungThickness(row: PixelRow, lung: Float64Array): void {
    const { count, xs, ys } = row;
    if (this.offsets.length < count) this.offsets = new Float64Array(xs.length);
    for (let k = 0; k < count; k++) {
      lung[k] = this.chestDepth(xs[k], ys[k]);
      if (lung[k] > 0) this.offsets[k] = xs[k] - this.midline(ys[k]);
    }
    this.takeVessels(row, lung);
    this.heart.take(row, lung);
    this.takeBelowDomes(row, lung);
  }

  private takeVessels({ count, ys }: PixelRow, lung: Float64Array): void {
    for (let k = 0; k < count; k++) {
      if (lung[k] <= 0) continue;
      const y = ys[k];
      const offset = this.offsets[k];
      const m = this.medialSide[offset < 0 ? 0 : 1].at(y);
      const a = Math.abs(offset) / m;
      if (a >= 1.3) continue;
      // Above the carina the great vessels end in a clean line; beside the lower spine lung wraps round them.
      const low = smoothstep(-0.7, -0.1, (y - this.heart.y) / this.heart.halfHeight);
      const sharp = lerp(0.12 + 0.25 * a * a * a, 1, smoothstep(1 - EDGE / m, 1 + EDGE / m, a));
      lung[k] *= lerp(sharp, 0.25 + 0.75 * smoothstep(0.25, 1.3, a), low);
    }
  }

  private takeBelowDomes({ count, xs, ys }: PixelRow, lung: Float64Array): void {
    for (let k = 0; k < count; k++) {
      if (lung[k] <= 0) continue;
      const side = this.offsets[k] < 0 ? 0 : 1;
      const below = ys[k] - this.domes[side].at(Math.abs(xs[k]));
      const over = below < 0 ? 1 - 0.3 * Math.exp(below / 0.02) : 0.7;
      const under = below > -EDGE ? 0.13 * Math.exp(-Math.max(0, below) / 0.05) : 0;
      lung[k] *= lerp(over, under, smoothstep(-EDGE, EDGE, below));
    }
  }

  /** Patient coordinates of a place in a lung: t from the mediastinum (0) to the chest wall (1), q from
   * the apex (0) to the dome (1). */
  lungPoint(side: Side, t: number, q: number): [number, number] {
    const sign = side ? 1 : -1;
    const y = lerp(this.apexY, this.domeY[side] + 0.01, q);
    const from = this.medialSide[side].at(y) + 0.008;
    return [sign * lerp(from, this.wall.inner.at(y), t) + (1 - t) * this.midline(y), y];
  }
}
