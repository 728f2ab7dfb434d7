/** Bones as extra cm of water along the ray. */
import type { Canvas, StrokePoint } from '../canvas.js';
import { hollowTube, softStreak, solidTube, tapered } from '../canvas.js';
import { spline } from '../curves.js';
import type { Side } from '../findings/placeFinding.js';
import { Stream } from '../randomStreams.js';
import type { Thorax } from './thorax.js';

const RIBS = 10;

/** One rib from the spine (angle 0) round the side (π/2) to its anterior end, with its depth. */
function ribPath(thorax: Thorax, rib: number, side: Side): { x: number; y: number; z: number }[] {
  const { anatomy, visit } = thorax;
  const sign = side ? 1 : -1;
  const spacing =
    (anatomy.lungHeight * (0.92 + 0.08 * visit.inspiration) * (1 + 0.1 * thorax.hyperinflation)) / 8.15;
  const head = thorax.apexY - 0.03 + spacing * rib + anatomy.ribJitter[rib];
  const along = rib / (RIBS - 1);
  const drop = (0.062 + 0.068 * Math.sqrt(along)) * anatomy.ribSlope * (1 - 0.22 * thorax.hyperinflation);
  const lateralY = head + drop;
  const half = rib === 0 ? thorax.innerHalf(thorax.apexY + 0.035) : thorax.innerHalf(lateralY) + 0.004;
  const end = ((rib === 0 ? 140 : 152 - 22 * along) * Math.PI) / 180;
  const points: { x: number; y: number; z: number }[] = [];
  const steps = 44;
  for (let i = 0; i <= steps; i++) {
    const angle = (end * i) / steps;
    const sine = Math.sin(angle) ** 0.74;
    const x = 0.028 + (half - 0.028) * sine;
    // From its head a rib first rises over the transverse process, then falls ever more steeply.
    const rise = -0.011 * Math.sin(Math.min(1, angle / 1.1) * Math.PI) * (1 - 0.5 * along);
    const y = head + drop * (1 - Math.cos(angle)) + rise;
    points.push({ x: sign * x, y, z: -0.24 * Math.cos(angle) });
  }
  // The spine carries the heads with it when the patient is turned or bent.
  for (const p of points) p.x += thorax.midline(p.y) * Math.max(0, 1 - Math.abs(p.x) / 0.15);
  return points;
}

function drawRibs(canvas: Canvas, target: Float32Array, thorax: Thorax): void {
  const { anatomy } = thorax;
  for (let rib = 0; rib < RIBS; rib++) {
    for (const side of [0, 1] as const) {
      const path = ribPath(thorax, rib, side);
      const strokes: StrokePoint[] = path.map((p, i) => {
        const before = path[Math.max(0, i - 1)];
        const after = path[Math.min(path.length - 1, i + 1)];
        const flat = Math.hypot(after.x - before.x, after.y - before.y);
        const deep = Math.hypot(flat, after.z - before.z);
        const anterior = i / (path.length - 1);
        // At the side the rib turns its thin edge to the film.
        const flatness = flat / deep;
        // A rib that runs along the ray is longer on it.
        const gain = Math.min(1.3, 0.7 + 0.3 * (deep / flat));
        const fade = anterior > 0.9 ? 1 - (anterior - 0.9) * 6 : 1;
        return {
          x: p.x,
          y: p.y,
          radius:
            anatomy.ribRadius *
            (anterior < 0.12 ? 0.85 : 1 + 0.18 * anterior) *
            (1 - 0.5 * (1 - flatness) ** 2),
          gain: (rib === 0 ? 0.8 : 1.08) * anatomy.boneDensity * gain * fade * (anterior > 0.55 ? 0.72 : 1),
        };
      });
      let turn = 0;
      for (let i = 1; i < path.length; i++) if (Math.abs(path[i].x) > Math.abs(path[turn].x)) turn = i;
      canvas.stroke(target, strokes.slice(0, turn + 1), hollowTube, { blunt: true });
      canvas.stroke(target, strokes.slice(turn), hollowTube, { blunt: true });
    }
  }
}

function drawSpine(canvas: Canvas, target: Float32Array, thorax: Thorax): void {
  const { anatomy } = thorax;
  const bone = anatomy.boneDensity;
  const pitch = anatomy.lungHeight / 9.6;
  const start = thorax.apexY - 0.03 - 4 * pitch;
  const column: [number, number][] = [];
  for (let y = -0.25; y <= 1.3; y += 0.025) column.push([thorax.midline(y) * 0.9, y]);
  canvas.stroke(target, tapered(column, [0.034, 0.05], [1.4 * bone, 1.9 * bone]), (s) =>
    Math.sqrt(Math.max(0, 1 - s ** 4)),
  );
  for (let i = 0; i < 24; i++) {
    const y = start + pitch * i;
    const x = thorax.midline(y) * 0.9;
    const half = 0.03 + 0.0007 * i;
    const disc: [number, number][] = [
      [x - half, y],
      [x, y + 0.001],
      [x + half, y],
    ];
    canvas.stroke(target, tapered(disc, [0.007, 0.007], [-0.55 * bone, -0.55 * bone]), softStreak);
    for (const edge of [-0.0085, 0.0085]) {
      const plate = disc.map(([px, py]): [number, number] => [px, py + edge]);
      canvas.stroke(target, tapered(plate, [0.0028, 0.0028], [0.5 * bone, 0.5 * bone]), solidTube);
    }
    const middle = y + pitch * 0.42;
    for (const sign of [-1, 1]) {
      const pedicle: [number, number][] = [
        [x + sign * half * 0.7, middle - 0.006],
        [x + sign * half * 0.7, middle + 0.005],
      ];
      canvas.stroke(target, tapered(pedicle, [0.0065, 0.0065], [0.7 * bone, 0.7 * bone]), hollowTube);
      const process: [number, number][] = [
        [x + sign * half * 0.9, middle],
        [x + sign * (half + 0.022), middle - 0.006],
      ];
      canvas.stroke(target, tapered(process, [0.009, 0.006], [0.55 * bone, 0.45 * bone]), solidTube);
    }
    const spinous: [number, number][] = [
      [x, middle],
      [x, middle + 0.018],
    ];
    canvas.stroke(target, tapered(spinous, [0.005, 0.0035], [0.9 * bone, 0.9 * bone]), hollowTube);
  }
}

function drawShoulder(canvas: Canvas, target: Float32Array, thorax: Thorax, side: Side): void {
  const { anatomy, visit } = thorax;
  // Thicker cortex than the ribs have.
  const bone = 1.35 * anatomy.boneDensity;
  const sign = side ? 1 : -1;
  const r = new Stream(anatomy.seed, 21 + side);
  const top = thorax.apexY + (visit.view === 'AP' ? -0.004 : 0.028);
  const w = anatomy.chestHalfWidth;
  const turn = visit.axialTurn * 0.8;
  const at = (x: number, y: number): [number, number] => [sign * x + turn, y];
  const rise = anatomy.clavicleSlope + r.normal(0, 0.006);
  const medial = top + 0.062;
  const clavicle = spline(
    [
      at(0.028, medial + 0.012),
      at(0.06, medial),
      at(w * 0.42, medial - 0.012 - rise * 0.3),
      at(w * 0.78, medial - 0.022 - rise * 0.85),
      at(w * 1.08, medial - 0.018 - rise),
      at(w * 1.28, medial - 0.002 - rise * 0.8),
    ],
    9,
  );
  const broad = tapered(clavicle, [0.0145, 0.0125], [1.25 * bone, 1.05 * bone]);
  broad.forEach((p, i) => {
    const u = i / (broad.length - 1);
    p.radius = 0.0105 + 0.006 * (1 - u) ** 4 + 0.004 * u ** 3;
  });
  canvas.stroke(target, broad, hollowTube);

  // Scapula, turned out of the lungs when the arms are brought forward.
  const out = 0.01 + 0.035 * visit.armsOut;
  const y0 = medial - rise;
  const socketX = w * 1.13 + out;
  const blade: [number, number][] = [
    at(w * 0.8 + out, y0 + 0.05),
    at(w * 0.84 + out, y0 + 0.14),
    at(w * 0.97 + out, y0 + 0.29),
  ];
  const inner = spline(blade, 10);
  canvas.stroke(target, tapered(inner, [0.0035, 0.004], [0.6 * bone, 0.75 * bone]), solidTube);
  const outer = spline([blade[2], at(w * 1.06 + out, y0 + 0.18), at(socketX, y0 + 0.075)], 10);
  canvas.stroke(target, tapered(outer, [0.0055, 0.011], [1.1 * bone, 1.4 * bone]), hollowTube);
  const plane = spline([at(w * 0.95 + out, y0 + 0.09), at(w * 0.965 + out, y0 + 0.24)], 8);
  canvas.stroke(target, tapered(plane, [0.05, 0.022], [0.45 * bone, 0.45 * bone]), softStreak);
  const coracoid = [at(socketX - 0.03, y0 + 0.032), at(socketX - 0.008, y0 + 0.042)];
  canvas.stroke(target, tapered(coracoid, [0.012, 0.012], [1.1 * bone, 1.1 * bone]), hollowTube);
  const acromion = spline(
    [at(w * 0.9 + out, y0 + 0.055), at(socketX - 0.01, y0 + 0.012), at(socketX + 0.055, y0 + 0.008)],
    8,
  );
  canvas.stroke(target, tapered(acromion, [0.007, 0.013], [0.7 * bone, 1 * bone]), hollowTube);

  const [headX, headY] = at(socketX + 0.05, y0 + 0.072);
  const elbow = at(socketX + 0.085 + 0.26 * visit.armsOut, y0 + 1 - 0.65 * visit.armsOut);
  const shaft: StrokePoint[] = [
    { x: headX, y: headY, radius: 0.042, gain: 1.9 * bone },
    { x: headX + sign * 0.006, y: headY + 0.02, radius: 0.038, gain: 1.9 * bone },
    { x: headX + sign * 0.014, y: headY + 0.055, radius: 0.024, gain: 1.7 * bone },
    { x: elbow[0], y: elbow[1], radius: 0.02, gain: 1.8 * bone },
  ];
  canvas.stroke(target, shaft, hollowTube);
}

function drawSternum(canvas: Canvas, target: Float32Array, thorax: Thorax): void {
  const turn = thorax.visit.axialTurn * 0.8;
  const y = thorax.apexY + 0.085;
  const manubrium: [number, number][] = [
    [turn, y],
    [turn, y + 0.07],
  ];
  canvas.stroke(target, tapered(manubrium, [0.038, 0.025], [0.5, 0.4]), softStreak);
}

/** Adds every bone to `target`. */
export function drawSkeleton(canvas: Canvas, target: Float32Array, thorax: Thorax): void {
  drawSpine(canvas, target, thorax);
  drawSternum(canvas, target, thorax);
  drawRibs(canvas, target, thorax);
  for (const side of [0, 1] as const) drawShoulder(canvas, target, thorax, side);
}
