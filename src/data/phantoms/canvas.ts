/**
 * A raster of line integrals. Shapes come in patient coordinates (see thorax.ts) and are drawn through
 * the pose of the visit: rotation, magnification and shift of the patient in front of the detector.
 */

/** Patient to image: X = 0.5 + shiftX + magnification * rotation(x, y - 0.5), in image widths. */
export interface Pose {
  angle: number;
  magnification: number;
  shiftX: number;
  shiftY: number;
}

/** One vertex of a stroke in patient coordinates: place, half width, and strength at the axis. */
export interface StrokePoint {
  x: number;
  y: number;
  radius: number;
  gain: number;
}

/** Strength across a stroke for s = distance / radius in [0, 1]. */
export type Profile = (s: number) => number;

/** A cylinder: the chord that a ray cuts out of it. */
export const solidTube: Profile = (s) => Math.sqrt(Math.max(0, 1 - s * s));
/** A tube with a dense wall, as a rib or a catheter: the edges shine. */
export const hollowTube: Profile = (s) => {
  const outer = Math.sqrt(Math.max(0, 1 - s * s));
  const inner = s < 0.8 ? Math.sqrt(0.64 - s * s) : 0;
  return 1.75 * outer - 1.2 * inner;
};
/** A soft streak without an edge. */
export const softStreak: Profile = (s) => {
  const rest = 1 - s * s;
  return rest > 0 ? rest * rest : 0;
};

export interface StrokeOptions {
  /** Keep the larger of old and new in place of their sum: one organ drawn in several strokes. */
  union?: boolean;
  /** No round caps at the two ends. */
  blunt?: boolean;
}

/** Pixels beside each other, in one row of the raster. */
export interface PixelRow {
  /** Index of the first of them. */
  first: number;
  count: number;
  /** Their patient coordinates; what is beyond `count` means nothing. */
  readonly xs: Float64Array;
  readonly ys: Float64Array;
}

/** Pixels of the largest raster whose memory waits for the next one: to have it anew costs as much as to draw. */
const MOST_KEPT = 448 * 448;

/** Layers of canvases that were let go, all of one size. */
let spare: Float32Array[] = [];

export class Canvas {
  readonly size: number;
  /** Pixels per unit of patient length. */
  readonly scale: number;
  private readonly a: number;
  private readonly b: number;
  private readonly centreX: number;
  private readonly centreY: number;
  private readonly nearest: Float32Array;
  private readonly strength: Float32Array;
  private readonly row: PixelRow;
  private readonly layers: Float32Array[] = [];

  constructor(size: number, pose: Pose) {
    this.size = size;
    const scale = pose.magnification * size;
    this.a = scale * Math.cos(pose.angle);
    this.b = scale * Math.sin(pose.angle);
    this.scale = Math.hypot(this.a, this.b);
    this.centreX = (0.5 + pose.shiftX) * size;
    this.centreY = (0.5 + pose.shiftY) * size;
    this.nearest = this.layer().fill(2);
    this.strength = this.layer();
    this.row = { first: 0, count: 0, xs: new Float64Array(size), ys: new Float64Array(size) };
  }

  /** Zeros. */
  layer(): Float32Array {
    const pixels = this.size * this.size;
    const kept = spare[0]?.length === pixels ? spare.pop()?.fill(0) : undefined;
    const layer = kept ?? new Float32Array(pixels);
    this.layers.push(layer);
    return layer;
  }

  /** Lets its layers go to the next canvas: neither it nor any of them may be used from then on. */
  release(): void {
    const pixels = this.size * this.size;
    if (pixels > MOST_KEPT) return;
    if (spare[0]?.length !== pixels) spare = [];
    spare.push(...this.layers.splice(0));
  }
  pixelX(x: number, y: number): number {
    return this.centreX + this.a * x - this.b * (y - 0.5);
  }
  pixelY(x: number, y: number): number {
    return this.centreY + this.b * x + this.a * (y - 0.5);
  }

  /** Calls `paint` with every pixel of a patient-space rectangle and that pixel's patient coordinates. */
  each(
    left: number,
    top: number,
    right: number,
    bottom: number,
    paint: (index: number, x: number, y: number) => void,
  ): void {
    this.rows(left, top, right, bottom, ({ first, count, xs, ys }) => {
      for (let k = 0; k < count; k++) paint(first + k, xs[k], ys[k]);
    });
  }

  /**
   * As `each`, row by row: for what covers most of the film. A call for every pixel would cost more than its work.
   * @param paint gets the same row object every time, with other numbers in it
   */
  rows(left: number, top: number, right: number, bottom: number, paint: (row: PixelRow) => void): void {
    const { size, a, b, row } = this;
    const { xs, ys } = row;
    const cornersX = [this.pixelX(left, top), this.pixelX(right, top)];
    cornersX.push(this.pixelX(left, bottom), this.pixelX(right, bottom));
    const cornersY = [this.pixelY(left, top), this.pixelY(right, top)];
    cornersY.push(this.pixelY(left, bottom), this.pixelY(right, bottom));
    const x0 = Math.max(0, Math.floor(Math.min(...cornersX)));
    const x1 = Math.min(size - 1, Math.ceil(Math.max(...cornersX)));
    const y0 = Math.max(0, Math.floor(Math.min(...cornersY)));
    const y1 = Math.min(size - 1, Math.ceil(Math.max(...cornersY)));
    const norm = 1 / (a * a + b * b);
    for (let line = y0; line <= y1; line++) {
      const dy = line + 0.5 - this.centreY;
      let count = 0;
      for (let column = x0; column <= x1; column++) {
        const dx = column + 0.5 - this.centreX;
        const x = (a * dx + b * dy) * norm;
        const y = 0.5 + (a * dy - b * dx) * norm;
        if (x < left || x > right || y < top || y > bottom) continue;
        // What a line cuts out of a rectangle has no gaps.
        if (count === 0) row.first = line * size + column;
        xs[count] = x;
        ys[count++] = y;
      }
      row.count = count;
      if (count > 0) paint(row);
    }
  }

  /**
   * Adds gain * profile(distance / radius) along a polyline. Each pixel counts its nearest segment only,
   * so bends and joints do not add up. Strokes thinner than a pixel are widened and weakened to match.
   */
  stroke(
    target: Float32Array,
    points: readonly StrokePoint[],
    profile: Profile,
    { union = false, blunt = false }: StrokeOptions = {},
  ): void {
    const { size, nearest, strength } = this;
    let boxX0 = size;
    let boxX1 = -1;
    let boxY0 = size;
    let boxY1 = -1;
    for (let k = 0; k + 1 < points.length; k++) {
      const p = points[k];
      const q = points[k + 1];
      const px = this.pixelX(p.x, p.y) - 0.5;
      const py = this.pixelY(p.x, p.y) - 0.5;
      const vx = this.pixelX(q.x, q.y) - 0.5 - px;
      const vy = this.pixelY(q.x, q.y) - 0.5 - py;
      const rawP = p.radius * this.scale;
      const rawQ = q.radius * this.scale;
      const radiusP = Math.max(0.75, rawP);
      const radiusQ = Math.max(0.75, rawQ);
      const gainP = p.gain * (rawP / radiusP);
      const gainQ = q.gain * (rawQ / radiusQ);
      const reach = Math.max(radiusP, radiusQ);
      const x0 = Math.max(0, Math.ceil(Math.min(px, px + vx) - reach));
      const x1 = Math.min(size - 1, Math.floor(Math.max(px, px + vx) + reach));
      const y0 = Math.max(0, Math.ceil(Math.min(py, py + vy) - reach));
      const y1 = Math.min(size - 1, Math.floor(Math.max(py, py + vy) + reach));
      if (x0 > x1 || y0 > y1) continue;
      if (x0 < boxX0) boxX0 = x0;
      if (x1 > boxX1) boxX1 = x1;
      if (y0 < boxY0) boxY0 = y0;
      if (y1 > boxY1) boxY1 = y1;
      const length2 = vx * vx + vy * vy;
      const inverse = length2 > 0 ? 1 / length2 : 0;
      const cutsStart = blunt && k === 0;
      const cutsEnd = blunt && k === points.length - 2;
      for (let y = y0; y <= y1; y++) {
        const dy = y - py;
        const along = dy * vy;
        for (let x = x0; x <= x1; x++) {
          const dx = x - px;
          let t = (dx * vx + along) * inverse;
          if (t < 0) {
            if (cutsStart) continue;
            t = 0;
          } else if (t > 1) {
            if (cutsEnd) continue;
            t = 1;
          }
          const ex = dx - t * vx;
          const ey = dy - t * vy;
          const radius = radiusP + (radiusQ - radiusP) * t;
          const d2 = ex * ex + ey * ey;
          if (d2 >= radius * radius) continue;
          const s = Math.sqrt(d2) / radius;
          const index = y * size + x;
          if (s < nearest[index]) {
            nearest[index] = s;
            strength[index] = gainP + (gainQ - gainP) * t;
          }
        }
      }
    }
    for (let y = boxY0; y <= boxY1; y++) {
      for (let index = y * size + boxX0, end = y * size + boxX1; index <= end; index++) {
        const s = nearest[index];
        if (s > 1) continue;
        const value = strength[index] * profile(s);
        target[index] = union ? Math.max(target[index], value) : target[index] + value;
        nearest[index] = 2;
      }
    }
  }
}

/** A polyline of constant or tapering width from bare points. */
export function tapered(
  path: readonly (readonly [number, number])[],
  radius: readonly [number, number],
  gain: readonly [number, number],
): StrokePoint[] {
  const last = Math.max(1, path.length - 1);
  return path.map(([x, y], i) => ({
    x,
    y,
    radius: radius[0] + ((radius[1] - radius[0]) * i) / last,
    gain: gain[0] + ((gain[1] - gain[0]) * i) / last,
  }));
}
