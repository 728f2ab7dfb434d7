/** Findings of both lungs: Edema, Fibrosis, and what Emphysema does besides changing the chest's shape. */

import { hilum } from '../anatomy/vessels.js';
import { hollowTube, solidTube, tapered } from '../canvas.js';
import { smoothstep } from '../curves.js';
import { cloudNoise, mixSeed, Stream } from '../randomStreams.js';
import { addFill, eachLungPixel, type LesionContext } from './lesionLayers.js';
import type { Finding, Side } from './placeFinding.js';

/** Water in the lungs: bat-wing haze around both hila, Kerley lines at the bases. */
function edema(context: LesionContext, finding: Finding): void {
  const { canvas, thorax, layers } = context;
  const extent = context.extent(finding);
  const seed = mixSeed(finding.seed, 71);
  const r = new Stream(finding.seed, 72);
  for (const side of [0, 1] as const) {
    const sign = side ? 1 : -1;
    const [hx, hy] = hilum(thorax, side);
    const spread = finding.size * r.uniform(0.9, 1.1);
    eachLungPixel(context, side, (index, x, y) => {
      const dx = (x - hx - sign * 0.03) / spread;
      const dy = (y - hy - 0.02) / (spread * 1.25);
      const wing = Math.exp(-((dx * dx + dy * dy) ** 1.3));
      const cloud = 0.55 + 0.9 * cloudNoise(x * 30, y * 30, 4, seed);
      const amount = (0.44 + 0.22 * finding.severity) * wing * Math.min(1.15, cloud) + 0.07;
      addFill(layers, index, amount);
      if (wing > 0.35) extent.add(index);
    });
    // Kerley B: short, level, touching the pleura. Kerley A: longer, from the hilum outwards.
    for (let i = 0; i < 11; i++) {
      const [, y] = thorax.lungPoint(side, 1, 0.68 + 0.032 * i + r.normal(0, 0.006));
      const wall = thorax.innerHalf(y) - 0.004;
      const path: [number, number][] = [
        [sign * wall, y],
        [sign * (wall - r.uniform(0.022, 0.045)), y + r.normal(0, 0.003)],
      ];
      canvas.stroke(layers.extra, tapered(path, [0.0016, 0.0016], [0.75, 0.6]), solidTube);
    }
    for (let i = 0; i < 6; i++) {
      const angle = r.uniform(-1.2, 0.3);
      const from = r.uniform(0.05, 0.08);
      const to = from + r.uniform(0.05, 0.09);
      const path: [number, number][] = [
        [hx + sign * from * Math.cos(angle), hy + from * Math.sin(angle)],
        [hx + sign * to * Math.cos(angle), hy + to * Math.sin(angle)],
      ];
      canvas.stroke(layers.extra, tapered(path, [0.0016, 0.0012], [0.6, 0.4]), solidTube);
    }
    for (let i = 0; i < 4; i++) {
      const x = hx + sign * r.uniform(0.015, 0.05);
      const y = hy + r.normal(-0.01, 0.035);
      const ring = Array.from({ length: 13 }, (_, k): [number, number] => {
        const a = (k * Math.PI) / 6;
        return [x + 0.0075 * Math.cos(a), y + 0.0075 * Math.sin(a)];
      });
      canvas.stroke(layers.extra, tapered(ring, [0.0028, 0.0028], [0.75, 0.75]), solidTube);
    }
  }
}

/** Scarred interstitium: a net of fine lines and small rings, thickest at the bases and the periphery. */
function fibrosis(context: LesionContext, finding: Finding): void {
  const { thorax, layers, tissue } = context;
  const extent = context.extent(finding);
  const seed = mixSeed(finding.seed, 73);
  const r = new Stream(finding.seed, 74);
  const reach = finding.size;
  for (const side of [0, 1] as const) {
    eachLungPixel(context, side, (index, x, y) => {
      const q = (y - thorax.apexY) / (thorax.domeY[side] - thorax.apexY);
      const t = Math.abs(x) / thorax.innerHalf(y);
      const weight = smoothstep(1 - reach - 0.2, 1, q) * (0.45 + 0.55 * smoothstep(0.3, 0.9, t));
      const amount = weight * (0.16 + 0.28 * smoothstep(0.45, 0.7, cloudNoise(x * 55, y * 55, 2, seed)));
      addFill(layers, index, amount);
      if (weight > 0.4 && tissue.lung[index] > 1.5) extent.add(index);
    });
    drawNet(context, finding, side, r);
  }
}

function drawNet(context: LesionContext, finding: Finding, side: Side, r: Stream): void {
  const { canvas, thorax, layers } = context;
  for (let i = 0; i < 330; i++) {
    const q = 1.12 - (finding.size + 0.15) * r.random() ** 1.35;
    const t = 0.12 + 0.86 * r.random() ** 0.65;
    const [x, y] = thorax.lungPoint(side, t, q);
    if (y > thorax.dome(side, x)) continue;
    const strength = (0.55 + 0.6 * finding.severity) * r.uniform(0.6, 1.1);
    if (r.chance(0.4)) {
      const radius = r.uniform(0.0045, 0.0095);
      const ring = Array.from({ length: 9 }, (_, k): [number, number] => {
        const a = (k * Math.PI) / 4;
        return [x + radius * Math.cos(a), y + radius * 0.85 * Math.sin(a)];
      });
      canvas.stroke(layers.extra, tapered(ring, [0.0017, 0.0017], [strength, strength]), solidTube);
    } else {
      const angle = r.uniform(0, Math.PI);
      const bend = r.normal(0, 0.7);
      const path: [number, number][] = [[x, y]];
      for (let k = 0, px = x, py = y; k < 4; k++) {
        px += Math.cos(angle + bend * k * 0.4) * 0.007;
        py += Math.sin(angle + bend * k * 0.4) * 0.007;
        path.push([px, py]);
      }
      canvas.stroke(layers.extra, tapered(path, [0.002, 0.0013], [strength, strength * 0.6]), solidTube);
    }
  }
}

/** Destroyed lung: bullae, thin-walled and empty, in the upper zones. */
function emphysema(context: LesionContext, finding: Finding): void {
  const { canvas, thorax, layers, tissue } = context;
  const r = new Stream(finding.seed, 75);
  for (const side of [0, 1] as const) {
    const extent = context.extent(finding);
    eachLungPixel(context, side, (index, x, y) => {
      if (tissue.lung[index] > 3 && y < thorax.dome(side, x)) extent.add(index);
    });
    const bullae = 1 + r.integer(3);
    for (let i = 0; i < bullae; i++) {
      const [x0, y0] = thorax.lungPoint(side, r.uniform(0.45, 0.8), r.uniform(0.12, 0.45));
      const radius = r.uniform(0.025, 0.05);
      canvas.each(x0 - radius, y0 - radius, x0 + radius, y0 + radius, (index, x, y) => {
        const d = Math.hypot(x - x0, y - y0) / radius;
        if (d < 1) layers.clear[index] = Math.max(layers.clear[index], 0.5 * smoothstep(1, 0.7, d));
      });
      const ring = Array.from({ length: 19 }, (_, k): [number, number] => {
        const a = (k * Math.PI) / 9;
        return [x0 + radius * Math.cos(a), y0 + radius * Math.sin(a)];
      });
      canvas.stroke(layers.extra, tapered(ring, [0.002, 0.002], [0.24, 0.24]), hollowTube);
    }
  }
}

/** Draws one of the findings that take both lungs. */
export function drawDiffuse(context: LesionContext, finding: Finding): void {
  if (finding.label === 'Edema') edema(context, finding);
  else if (finding.label === 'Fibrosis') fibrosis(context, finding);
  else if (finding.label === 'Emphysema') emphysema(context, finding);
}
