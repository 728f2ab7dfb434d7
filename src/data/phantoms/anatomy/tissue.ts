/** Soft tissue and air along each ray: body wall, shoulders, arms, breasts, lungs, airways, stomach. */
import type { Canvas, PixelRow } from '../canvas.js';
import { solidTube, tapered } from '../canvas.js';
import { smoothstep, spline } from '../curves.js';
import type { Anatomy } from '../patient.js';
import { cloudNoise, cloudNoiseRow, mixSeed, Stream } from '../randomStreams.js';
import type { Thorax } from './thorax.js';

export interface Tissue {
  /** Water-equivalent cm along the ray with the chest cavity counted as full of water. */
  soft: Float32Array;
  /** Aerated lung along the ray, cm. */
  lung: Float32Array;
}

/** Fourth-power mean of two thicknesses: the larger one, without a crease where they cross. */
function blend(a: number, b: number): number {
  const a2 = a * a;
  const b2 = b * b;
  return Math.sqrt(Math.sqrt(a2 * a2 + b2 * b2));
}

/** Water along the rays of a row, cm. What changes it does so for a whole row at once, which is what makes it fast. */
type Water = Float64Array;

function trunk({ count, xs, ys }: PixelRow, water: Water, thorax: Thorax): void {
  for (let k = 0; k < count; k++) {
    const t = Math.abs(xs[k]) / thorax.bodyHalfWidth(ys[k]);
    water[k] = t < 1 ? thorax.bodyDepthAt(ys[k]) * Math.sqrt(1 - t * t * (t * t) * t) : 0;
  }
}

interface Shoulders {
  x: number;
  y: number;
  neck: number;
  /** Of the slab, cm. */
  depth: number;
}

/** A slab under a line that falls from the neck to the acromion. */
function shoulders({ count, xs, ys }: PixelRow, water: Water, { x, y, neck, depth }: Shoulders): void {
  for (let k = 0; k < count; k++) {
    const a = Math.abs(xs[k]);
    if (a >= x + 0.09) continue;
    const slope = smoothstep(neck * 0.7, x + 0.06, a);
    const top = y - 0.15 + 0.115 * Math.sqrt(slope) + 0.055 * slope * slope * slope;
    if (ys[k] <= top) continue;
    const edge = smoothstep(x + 0.09, x - 0.06, a);
    const bottom = smoothstep(y + 0.46, y + 0.2, ys[k]);
    const slab = bottom > 0 ? depth * Math.sqrt(1 - Math.exp((top - ys[k]) / 0.03)) : 0;
    water[k] = blend(water[k], slab * edge * bottom);
  }
}

/** A capsule on each side, from (ax, ay) to (bx, by), `r` thick. */
interface Arms {
  ax: number;
  ay: number;
  bx: number;
  by: number;
  r: number;
}

function arms({ count, xs, ys }: PixelRow, water: Water, { ax, ay, bx, by, r }: Arms): void {
  const vx = bx - ax;
  const vy = by - ay;
  const length2 = vx * vx + vy * vy;
  // They hang outwards, so nothing of them is nearer to the middle.
  const innermost = ax - 1.001 * r;
  for (let k = 0; k < count; k++) {
    const a = Math.abs(xs[k]);
    if (a < innermost) continue;
    const t = Math.max(0, Math.min(1, ((a - ax) * vx + (ys[k] - ay) * vy) / length2));
    const ex = a - ax - t * vx;
    const ey = ys[k] - ay - t * vy;
    const d2 = (ex * ex + ey * ey) / (r * r);
    const chord = d2 >= 1 ? 0 : Math.sqrt(1 - d2);
    if (chord > 0) water[k] = blend(water[k], chord * 2 * r * 78);
  }
}

function breasts({ count, xs, ys }: PixelRow, water: Water, anatomy: Anatomy): void {
  const middle = anatomy.chestHalfWidth * 0.56;
  const radius = 0.125 + 0.02 * anatomy.breast;
  for (let k = 0; k < count; k++) {
    const dx = (Math.abs(xs[k]) - middle) / (radius * 1.08);
    const dy = (ys[k] - anatomy.breastY) / radius;
    const r2 = dx * dx + dy * dy;
    if (r2 >= 1) continue;
    const upper = dy < 0 ? 1 - smoothstep(0, -1, dy) : 1;
    water[k] += anatomy.breast * Math.sqrt(1 - r2) * upper;
  }
}

export function drawTissue(canvas: Canvas, thorax: Thorax): Tissue {
  const { anatomy, visit } = thorax;
  const soft = canvas.layer();
  const lung = canvas.layer();
  const seed = mixSeed(anatomy.seed, 11);
  const h = anatomy.habitus;
  const y = thorax.apexY + (visit.view === 'AP' ? 0 : 0.032);
  const x = anatomy.chestHalfWidth + 0.115 + 0.05 * h;
  const girdle = { x, y, neck: 0.1 + 0.03 * h, depth: 14.2 + 3.2 * h };
  const elbow = { bx: x + 0.03 + 0.3 * visit.armsOut, by: y + 1.1 - 0.6 * visit.armsOut };
  const limbs = { ax: x - 0.01, ay: y + 0.12, ...elbow, r: 0.07 + 0.035 * h };
  const water = new Float64Array(canvas.size);
  const uneven = new Float64Array(canvas.size);
  const air = new Float64Array(canvas.size);
  canvas.rows(-1.2, -1.2, 1.2, 2.2, (row) => {
    const { first, count, xs, ys } = row;
    trunk(row, water, thorax);
    shoulders(row, water, girdle);
    arms(row, water, limbs);
    if (anatomy.breast > 0) breasts(row, water, anatomy);
    cloudNoiseRow({ xs, ys, end: count }, 9, 2, seed, uneven);
    thorax.lungThickness(row, air);
    for (let k = 0; k < count; k++) {
      if (water[k] <= 0) continue;
      // Fat and muscle are not even.
      const thickness = water[k] * (0.985 + 0.03 * uneven[k]);
      lung[first + k] = Math.min(air[k], thickness * 0.86);
      soft[first + k] = thickness;
    }
  });
  return { soft, lung };
}

/** Trachea and main bronchi: dark stripes over the mediastinum. Negative cm of water. */
export function drawAirways(canvas: Canvas, target: Float32Array, thorax: Thorax): void {
  const { anatomy, carinaY } = thorax;
  const air = canvas.layer();
  const mid = (y: number): number => thorax.midline(y) - 0.006 * anatomy.aorta;
  const carina: [number, number] = [mid(carinaY), carinaY];
  const trachea = spline([[0.002, -0.12], [0, 0.02], [mid(carinaY - 0.12), carinaY - 0.12], carina], 12);
  canvas.stroke(air, tapered(trachea, [0.021, 0.022], [3, 2.6]), solidTube);
  const bronchus = (sign: number, reach: number, fall: number): void => {
    const path = spline(
      [
        carina,
        [carina[0] + sign * reach * 0.5, carinaY + fall * 0.55],
        [carina[0] + sign * reach, carinaY + fall],
      ],
      8,
    );
    canvas.stroke(air, tapered(path, [0.016, 0.011], [1.5, 0.9]), solidTube, { union: true });
  };
  bronchus(-1, 0.062, 0.062);
  bronchus(1, 0.085, 0.06);
  for (let i = 0; i < air.length; i++) target[i] -= air[i];
}

/** Gas under the left dome with its fluid level, and a little in the bowel. Negative cm of water. */
export function drawAbdomen(canvas: Canvas, target: Float32Array, thorax: Thorax): void {
  const { anatomy, visit } = thorax;
  const r = new Stream(visit.seed, 41);
  if (anatomy.gastricBubble > 0) {
    const width = 0.05 * anatomy.gastricBubble * r.uniform(0.8, 1.3);
    const height = 0.032 * anatomy.gastricBubble * r.uniform(0.8, 1.3);
    const x0 = thorax.midline(0.7) + 0.13 + r.normal(0, 0.012);
    const y0 = thorax.dome(1, x0) + 0.018 + height;
    const level = y0 + height * r.uniform(0.1, 0.6);
    const upright = visit.view === 'PA';
    canvas.each(x0 - 0.15, y0 - 0.15, x0 + 0.15, y0 + 0.15, (index, x, y) => {
      const d = ((x - x0) / width) ** 2 + ((y - y0) / height) ** 2;
      if (d >= 1 || (upright && y > level)) return;
      target[index] -= (upright ? 6.5 : 4.5) * (1 - d) ** 0.45;
    });
  }
  const seed = mixSeed(visit.seed, 42);
  const loops = r.integer(3);
  for (let i = 0; i < loops; i++) {
    const x0 = r.uniform(0.06, 0.26);
    const y0 = thorax.domeY[1] + r.uniform(0.16, 0.3);
    const radius = r.uniform(0.025, 0.05);
    canvas.each(x0 - 0.08, y0 - 0.08, x0 + 0.08, y0 + 0.08, (index, x, y) => {
      const d = Math.hypot(x - x0, y - y0) / radius + 0.6 * (cloudNoise(x * 30, y * 30, 2, seed + i) - 0.5);
      if (d < 1) target[index] -= 4.2 * smoothstep(1, 0.55, d);
    });
  }
}
