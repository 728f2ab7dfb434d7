/** Soft tissue and air along each ray: body wall, shoulders, arms, breasts, lungs, airways, stomach. */
import type { Canvas } from '../canvas.js';
import { solidTube, tapered } from '../canvas.js';
import { smoothstep, spline } from '../curves.js';
import { cloudNoise, mixSeed, Stream } from '../randomStreams.js';
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

/** Chord of a capsule from (ax, ay) to (bx, by). */
function limb(x: number, y: number, ax: number, ay: number, bx: number, by: number, r: number): number {
  const vx = bx - ax;
  const vy = by - ay;
  const t = Math.max(0, Math.min(1, ((x - ax) * vx + (y - ay) * vy) / (vx * vx + vy * vy)));
  const ex = x - ax - t * vx;
  const ey = y - ay - t * vy;
  const d2 = (ex * ex + ey * ey) / (r * r);
  return d2 >= 1 ? 0 : Math.sqrt(1 - d2);
}

export function drawTissue(canvas: Canvas, thorax: Thorax): Tissue {
  const { anatomy, visit } = thorax;
  const soft = canvas.layer();
  const lung = canvas.layer();
  const seed = mixSeed(anatomy.seed, 11);
  const h = anatomy.habitus;
  const shoulderY = thorax.apexY + (visit.view === 'AP' ? 0 : 0.032);
  const shoulderX = anatomy.chestHalfWidth + 0.115 + 0.05 * h;
  const armR = 0.07 + 0.035 * h;
  const elbowX = shoulderX + 0.03 + 0.3 * visit.armsOut;
  const elbowY = shoulderY + 1.1 - 0.6 * visit.armsOut;
  const neck = 0.1 + 0.03 * h;
  const breastX = anatomy.chestHalfWidth * 0.56;
  const breastR = 0.125 + 0.02 * anatomy.breast;
  canvas.each(-1.2, -1.2, 1.2, 2.2, (index, x, y) => {
    const a = Math.abs(x);
    const w = thorax.bodyHalfWidth(y);
    let t = a / w;
    let thickness = t < 1 ? thorax.bodyDepthAt(y) * Math.sqrt(1 - t * t * (t * t) * t) : 0;
    // Shoulder girdle: a slab under a line that falls from the neck to the acromion.
    const slope = smoothstep(neck * 0.7, shoulderX + 0.06, a);
    const top = shoulderY - 0.15 + 0.115 * Math.sqrt(slope) + 0.055 * slope * slope * slope;
    if (y > top && a < shoulderX + 0.09) {
      const edge = smoothstep(shoulderX + 0.09, shoulderX - 0.06, a);
      const bottom = smoothstep(shoulderY + 0.46, shoulderY + 0.2, y);
      thickness = blend(
        thickness,
        (14.2 + 3.2 * h) * Math.sqrt(1 - Math.exp((top - y) / 0.03)) * edge * bottom,
      );
    }
    const arm = limb(a, y, shoulderX - 0.01, shoulderY + 0.12, elbowX, elbowY, armR);
    if (arm > 0) thickness = blend(thickness, arm * 2 * armR * 78);
    if (anatomy.breast > 0) {
      const dx = (a - breastX) / (breastR * 1.08);
      const dy = (y - anatomy.breastY) / breastR;
      const r2 = dx * dx + dy * dy;
      if (r2 < 1) {
        const upper = dy < 0 ? 1 - smoothstep(0, -1, dy) : 1;
        thickness += anatomy.breast * Math.sqrt(1 - r2) * upper;
      }
    }
    if (thickness <= 0) return;
    // Fat and muscle are not even.
    thickness *= 0.985 + 0.03 * cloudNoise(x * 9, y * 9, 2, seed);
    t = thorax.lungThickness(x, y);
    lung[index] = Math.min(t, thickness * 0.86);
    soft[index] = thickness;
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
