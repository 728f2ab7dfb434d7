/** What the painters of findings share: the layers they change, and the true extent they report. */

import type { Thorax } from '../anatomy/thorax.js';
import type { Tissue } from '../anatomy/tissue.js';
import type { Canvas } from '../canvas.js';
import { clamp } from '../curves.js';
import type { Finding, Side } from './placeFinding.js';

/** A finding's true extent in pixels of the image. */
export interface Box {
  label: Finding['label'];
  x: number;
  y: number;
  w: number;
  h: number;
}

export interface LesionLayers {
  /** Share of the lung on the ray that holds fluid or cells in place of air, 0 … 1. */
  fill: Float32Array;
  /** Share of the lung on the ray that is bare air without markings, 0 … 1. */
  clear: Float32Array;
  /** Water-equivalent cm added on the ray; negative for gas inside soft tissue. */
  extra: Float32Array;
  /** Air-filled bronchi inside consolidated lung, 0 … 1. */
  bronchi: Float32Array;
}

/** Grows the box around the pixels that a finding touched. */
export class Extent {
  private x0 = Infinity;
  private y0 = Infinity;
  private x1 = -Infinity;
  private y1 = -Infinity;
  constructor(private readonly size: number) {}
  add(index: number): void {
    const x = index % this.size;
    const y = (index - x) / this.size;
    if (x < this.x0) this.x0 = x;
    if (x > this.x1) this.x1 = x;
    if (y < this.y0) this.y0 = y;
    if (y > this.y1) this.y1 = y;
  }
  /** The box in pixels of an image `factor` times smaller, at least one pixel large. */
  box(label: Finding['label'], factor: number): Box | undefined {
    if (this.x1 < this.x0) return undefined;
    const limit = this.size / factor;
    const x = Math.floor(this.x0 / factor);
    const y = Math.floor(this.y0 / factor);
    const right = Math.min(limit, Math.ceil((this.x1 + 1) / factor));
    const bottom = Math.min(limit, Math.ceil((this.y1 + 1) / factor));
    return { label, x, y, w: right - x, h: bottom - y };
  }
}

/** All that a painter of findings needs. */
export interface LesionContext {
  canvas: Canvas;
  thorax: Thorax;
  tissue: Tissue;
  layers: LesionLayers;
  extent: (finding: Finding) => Extent;
}

/** Fluid in a share `amount` of what air is left. */
export function addFill(layers: LesionLayers, index: number, amount: number): void {
  layers.fill[index] = 1 - (1 - layers.fill[index]) * (1 - clamp(amount, 0, 1));
}

/** Calls `paint` for the pixels of one lung's field, rib cage to midline, apex to below the dome. */
export function eachLungPixel(
  context: LesionContext,
  side: Side,
  paint: (index: number, x: number, y: number) => void,
): void {
  const { thorax, tissue, canvas } = context;
  const reach = thorax.anatomy.chestHalfWidth * 1.12;
  const bottom = thorax.domeY[side] + 0.22;
  canvas.each(side ? -0.02 : -reach, thorax.apexY - 0.03, side ? reach : 0.02, bottom, (index, x, y) => {
    if (tissue.lung[index] <= 0) return;
    if (x < thorax.midline(y) === (side === 0)) paint(index, x, y);
  });
}
