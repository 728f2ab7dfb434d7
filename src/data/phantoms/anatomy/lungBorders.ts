/** The borders of the lungs towards the middle and below: great vessels, heart's border, diaphragm. */
import { curve, Table } from '../curves.js';
import type { Side } from '../findings/placeFinding.js';
import type { Anatomy } from '../patient.js';

/** Distance of the mediastinal border from the midline over the height, in image widths, of each side. */
export function mediastinalBorders(anatomy: Anatomy, apexY: number): readonly [Table, Table] {
  const border = (points: readonly (readonly [number, number])[]): Table =>
    new Table(-0.1, 1.3, (y) => curve(points, (y - apexY) / anatomy.lungHeight));
  const knob = 0.066 + 0.018 * anatomy.aorta;
  return [
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
}

/**
 * Height of the dome of each side, by the distance from the midline.
 * @param domeY its top
 * @param inner half width of the inner chest
 * @param hyper hyperinflation, 0..1, which flattens it
 */
export function diaphragm(
  anatomy: Anatomy,
  domeY: readonly [number, number],
  inner: Table,
  hyper: number,
): readonly [Table, Table] {
  const flat = 0.55 * hyper;
  const dome = (side: Side): Table =>
    new Table(0, 0.6, (x) => {
      const w = inner.at(domeY[side]);
      const t = x / w;
      const peak = side === 0 ? 0.46 : 0.5;
      const outward = t > peak ? ((t - peak) / (1 - peak)) ** 2.3 * anatomy.domeHeight : 0;
      const inward = t < peak ? ((peak - t) / peak) ** 2 * (side === 0 ? 0.03 : 0.024) : 0;
      return domeY[side] + (outward + inward) * (1 - flat) + 0.018 * hyper * t;
    });
  return [dome(0), dome(1)];
}
