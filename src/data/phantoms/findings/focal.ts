/** Findings with a place of their own: Nodule, Mass, Infiltration, Pneumonia, Consolidation, Atelectasis. */

import { FIELD_CM } from '../anatomy/thorax.js';
import { hilum } from '../anatomy/vessels.js';
import { type StrokePoint, softStreak, solidTube, tapered } from '../canvas.js';
import { smoothstep, spline } from '../curves.js';
import { cloudNoise, mixSeed, Stream } from '../randomStreams.js';
import { addFill, type LesionContext } from './lesionLayers.js';
import type { Finding } from './placeFinding.js';

/** A round opacity: the chord of a lobulated ball of cells in place of air. */
function ball(
  context: LesionContext,
  finding: Finding,
  x0: number,
  y0: number,
  radius: number,
  density: number,
  uneven: number,
): void {
  const { canvas, tissue, layers } = context;
  const extent = context.extent(finding);
  const lobes = new Stream(finding.seed, 51);
  const waves = [2, 3, 5].map((k) => ({ k, a: lobes.normal(0, uneven / k), p: lobes.uniform(0, 6.28) }));
  const reach = radius * 1.5;
  canvas.each(x0 - reach, y0 - reach, x0 + reach, y0 + reach, (index, x, y) => {
    const angle = Math.atan2(y - y0, x - x0);
    let edge = 1;
    for (const { k, a, p } of waves) edge += a * Math.cos(k * angle + p);
    const d = Math.hypot(x - x0, y - y0) / (radius * edge);
    if (d >= 1) return;
    extent.add(index);
    // Softer than a sphere at the rim: it moves with the breath and has no capsule.
    const chord = 2 * radius * (1 - d * d) ** 0.7 * FIELD_CM;
    layers.extra[index] += Math.min(chord * density, tissue.lung[index] * 0.72 + 0.8);
  });
}

function nodules(context: LesionContext, finding: Finding): void {
  const r = new Stream(finding.seed, 52);
  const count = 1 + r.integer(3);
  for (let i = 0; i < count; i++) {
    const side = i === 0 || r.chance(0.5) ? finding.side : finding.side === 0 ? 1 : 0;
    const t = i === 0 ? finding.t : r.uniform(0.3, 0.85);
    const q = i === 0 ? finding.q : r.uniform(0.2, 0.85);
    const [x, y] = context.thorax.lungPoint(side, t, q);
    const radius = i === 0 ? finding.size : Math.min(0.036, finding.size * r.uniform(0.65, 1));
    ball(
      context,
      { ...finding, seed: mixSeed(finding.seed, i) },
      x,
      y,
      radius,
      1.25 + 0.35 * finding.severity,
      0.12,
    );
  }
}

function mass(context: LesionContext, finding: Finding): void {
  const [x, y] = context.thorax.lungPoint(finding.side, finding.t, finding.q);
  ball(context, finding, x, y, finding.size, 0.72 + 0.25 * finding.severity, 0.24);
  const r = new Stream(finding.seed, 53);
  if (!r.chance(0.5)) return;
  // Spicules pull at the lung around a cancer.
  for (let i = 0; i < 16; i++) {
    const angle = r.uniform(0, 2 * Math.PI);
    const from = finding.size * 0.8;
    const to = finding.size * r.uniform(1.15, 1.5);
    const path: [number, number][] = [
      [x + from * Math.cos(angle), y + from * Math.sin(angle)],
      [x + to * Math.cos(angle + 0.06), y + to * Math.sin(angle + 0.06)],
    ];
    context.canvas.stroke(context.layers.extra, tapered(path, [0.003, 0.001], [0.9, 0.1]), solidTube);
  }
}

/** Patchy and ill defined: clouds that come and go inside a soft envelope. */
function infiltration(context: LesionContext, finding: Finding): void {
  const { canvas, thorax, tissue, layers } = context;
  const extent = context.extent(finding);
  const r = new Stream(finding.seed, 54);
  const [x0, y0] = thorax.lungPoint(finding.side, finding.t, finding.q);
  const reach = finding.size * 1.35;
  const squeeze = r.uniform(0.75, 0.95);
  const seed = mixSeed(finding.seed, 55);
  canvas.each(x0 - reach, y0 - reach, x0 + reach, y0 + reach, (index, x, y) => {
    if (tissue.lung[index] <= 0) return;
    const d = Math.hypot((x - x0) / squeeze, y - y0) / reach;
    if (d >= 1) return;
    const mist = 0.65 * cloudNoise(x * 15, y * 15, 3, seed) + 0.35 * cloudNoise(x * 48, y * 48, 2, seed + 3);
    const cloud = smoothstep(0.24, 0.78, mist + 0.16 * (1 - 2 * d));
    const amount = (0.28 + 0.36 * finding.severity) * cloud * (1 - d * d);
    addFill(layers, index, amount);
    if (amount > 0.1) extent.add(index);
  });
}

/** Dark branching bronchi that stay open where the lung around them has filled. */
function bronchogram(context: LesionContext, finding: Finding, x0: number, y0: number, reach: number): void {
  const { canvas, thorax, layers } = context;
  const r = new Stream(finding.seed, 56);
  const [hx, hy] = hilum(thorax, finding.side);
  const base = Math.atan2(y0 - hy, x0 - hx);
  const start = Math.max(0.03, Math.hypot(x0 - hx, y0 - hy) - reach * 0.9);
  const branches: [number, number, number, number, number][] = [];
  for (const fan of [-0.42, 0, 0.4]) {
    branches.push([
      hx + start * Math.cos(base + fan * 0.6),
      hy + start * Math.sin(base + fan * 0.6),
      base + fan,
      0.0058,
      0,
    ]);
  }
  while (branches.length > 0) {
    const branch = branches.pop();
    if (!branch) break;
    let [x, y, angle] = branch;
    const [, , , radius, depth] = branch;
    const path: [number, number][] = [[x, y]];
    for (let i = 0; i < 4; i++) {
      angle += r.normal(0, 0.09);
      x += Math.cos(angle) * reach * 0.14;
      y += Math.sin(angle) * reach * 0.14;
      path.push([x, y]);
    }
    canvas.stroke(layers.bronchi, tapered(path, [radius, radius * 0.75], [0.34, 0.22]), softStreak);
    if (depth < 2) {
      const fork = r.uniform(0.3, 0.5);
      branches.push([x, y, angle + fork, radius * 0.75, depth + 1]);
      branches.push([x, y, angle - fork, radius * 0.72, depth + 1]);
    }
  }
}

/** A lobe's worth of filled alveoli: fluffy towards the lung, sharp at the fissure, bronchi still open. */
function pneumonia(context: LesionContext, finding: Finding): void {
  const { canvas, thorax, tissue, layers } = context;
  const extent = context.extent(finding);
  const [x0, y0] = thorax.lungPoint(finding.side, finding.t, finding.q);
  const seed = mixSeed(finding.seed, 57);
  const reach = finding.size * 1.3;
  const r = new Stream(finding.seed, 58);
  const tilt = r.uniform(-0.2, 0.2);
  // Upper-lobe disease rests on the minor fissure; lower-lobe disease hangs below it.
  const upper = finding.q < 0.5;
  const fissure = upper ? y0 + finding.size * 0.55 : y0 - finding.size * 0.7;
  canvas.each(x0 - reach * 1.2, y0 - reach * 1.2, x0 + reach * 1.2, y0 + reach * 1.2, (index, x, y) => {
    if (tissue.lung[index] <= 0) return;
    const d = Math.hypot((x - x0) / 1.05, y - y0) / finding.size;
    const ragged = d + 0.95 * (cloudNoise(x * 16, y * 16, 4, seed) - 0.5);
    const body =
      smoothstep(1.12, 0.45, ragged) * (0.85 + 0.3 * (cloudNoise(x * 44, y * 44, 2, seed + 5) - 0.5));
    if (body <= 0) return;
    const line = fissure + (x - x0) * tilt;
    const bound = upper
      ? smoothstep(line + 0.008, line - 0.008, y)
      : smoothstep(line - 0.008, line + 0.008, y);
    const amount = body * bound * (0.48 + 0.26 * finding.severity);
    addFill(layers, index, amount);
    if (amount > 0.2) extent.add(index);
  });
  bronchogram(context, finding, x0, y0, finding.size);
}

/** A segment without air: an even, dense wedge from the hilum to the pleura with straight borders. */
function consolidation(context: LesionContext, finding: Finding): void {
  const { thorax, layers, tissue, canvas } = context;
  const extent = context.extent(finding);
  const [x0, y0] = thorax.lungPoint(finding.side, finding.t, finding.q);
  const [hx, hy] = hilum(thorax, finding.side);
  const sign = finding.side ? 1 : -1;
  const rootX = hx - sign * 0.03;
  const distance = Math.hypot(x0 - rootX, y0 - hy);
  const ax = (x0 - rootX) / distance;
  const ay = (y0 - hy) / distance;
  const half = finding.size / 0.165;
  const fissure = ay >= 0 ? -sign : sign;
  const seed = mixSeed(finding.seed, 59);
  const reach = 0.36;
  canvas.each(rootX - reach, hy - reach, rootX + reach, hy + reach, (index, x, y) => {
    if (tissue.lung[index] <= 0) return;
    const u = (x - rootX) * ax + (y - hy) * ay;
    if (u <= 0.03 || u > distance + finding.size * 1.2) return;
    const across = (y - hy) * ax - (x - rootX) * ay;
    const wobble = 0.022 * (cloudNoise(x * 17, y * 17, 3, seed) - 0.5);
    const v = Math.abs(across) + wobble;
    const width = Math.min(half * 0.62 * u, finding.size * 0.95);
    // The fissure side is a clean line, the other fades into healthy lung.
    const blur = across * fissure > 0 ? 0.005 : 0.026;
    const inside = smoothstep(width + blur, width - blur, v) * smoothstep(0.03, 0.085, u);
    const amount = inside * smoothstep(distance + finding.size * 1.2, distance + finding.size * 0.85, u);
    addFill(layers, index, amount * (0.58 + 0.2 * finding.severity));
    if (amount > 0.3) extent.add(index);
  });
}

/** Plates of collapsed lung above a raised dome, with a little haze under them. */
function atelectasis(context: LesionContext, finding: Finding): void {
  const { canvas, thorax, layers, tissue } = context;
  const extent = context.extent(finding);
  const r = new Stream(finding.seed, 60);
  const sign = finding.side ? 1 : -1;
  const [x0, y0] = thorax.lungPoint(finding.side, finding.t, finding.q);
  const seed = mixSeed(finding.seed, 63);
  const plates = 1 + r.integer(3);
  const band = canvas.layer();
  for (let i = 0; i < plates; i++) {
    const length = finding.size * (i === 0 ? 1 : r.uniform(0.5, 0.8));
    const slope = r.normal(-0.12, 0.12);
    const cx = x0 + r.normal(0, i === 0 ? 0 : 0.02);
    const cy = y0 - i * r.uniform(0.035, 0.05);
    const path = spline(
      [
        [cx - sign * length, cy - slope * length * 0.8],
        [cx, cy + r.uniform(-0.014, 0.004)],
        [cx + sign * length, cy + slope * length],
      ],
      8,
    );
    const thick = r.uniform(0.011, 0.015) * (i === 0 ? 1 : 0.6);
    const strokes = path.map(([x, y], k): StrokePoint => {
      const u = (2 * k) / (path.length - 1) - 1;
      const belly = (1 - u * u) ** 0.4;
      return { x, y, radius: 0.003 + thick * belly, gain: (0.5 + 0.35 * finding.severity) * belly };
    });
    canvas.stroke(band, strokes, (s) => Math.min(1, 1.15 * softStreak(s)), { union: true });
  }
  const reach = finding.size * 1.3;
  canvas.each(x0 - reach, y0 - reach, x0 + reach, y0 + reach, (index, x, y) => {
    if (tissue.lung[index] <= 0) return;
    const grain = 0.75 + 0.5 * cloudNoise(x * 40, y * 40, 2, seed);
    const haze = 0.34 * smoothstep(finding.size, 0, Math.abs(x - x0)) * smoothstep(y0 - 0.02, y0 + 0.05, y);
    const amount = Math.max(band[index], haze) * grain;
    addFill(layers, index, amount);
    if (band[index] > 0.25) extent.add(index);
  });
}

/** Draws `finding` if it is one of the focal ones. */
export function drawFocal(context: LesionContext, finding: Finding): boolean {
  switch (finding.label) {
    case 'Nodule':
      nodules(context, finding);
      return true;
    case 'Mass':
      mass(context, finding);
      return true;
    case 'Infiltration':
      infiltration(context, finding);
      return true;
    case 'Pneumonia':
      pneumonia(context, finding);
      return true;
    case 'Consolidation':
      consolidation(context, finding);
      return true;
    case 'Atelectasis':
      atelectasis(context, finding);
      return true;
    default:
      return false;
  }
}
