/** Findings of the pleural space: Effusion, Pneumothorax, Pleural_Thickening. */
import { solidTube, tapered } from '../canvas.js';
import { clamp, smoothstep } from '../curves.js';
import { cloudNoise, mixSeed, valueNoise } from '../randomStreams.js';
import { addFill, eachLungPixel, type LesionContext } from './lesionLayers.js';
import type { Finding } from './placeFinding.js';

/** Free fluid: a meniscus that climbs the chest wall and hides the costophrenic angle and the dome. */
function effusion(context: LesionContext, finding: Finding): void {
  const { thorax, tissue, layers } = context;
  const extent = context.extent(finding);
  const angleY = thorax.domeY[finding.side] + thorax.anatomy.domeHeight * 0.85;
  const height = finding.size * (0.75 + 0.35 * finding.severity);
  eachLungPixel(context, finding.side, (index, x, y) => {
    const t = clamp(Math.abs(x) / thorax.innerHalf(y), 0, 1);
    const surface = angleY - height + (0.03 + 0.32 * height) * (1 - t ** 3) - 0.05 * smoothstep(0.86, 1, t);
    const amount = smoothstep(surface - 0.02, surface + 0.022, y);
    if (amount <= 0) return;
    addFill(layers, index, amount);
    if (amount > 0.3 && tissue.lung[index] > 1.2) extent.add(index);
  });
}

/** Air between lung and wall: a fine pleural line, black and bare beyond it, a smaller denser lung inside. */
function pneumothorax(context: LesionContext, finding: Finding): void {
  const { canvas, thorax, layers } = context;
  const extent = context.extent(finding);
  const side = finding.side;
  const sign = side ? 1 : -1;
  const span = thorax.domeY[side] + 0.12 - thorax.apexY;
  const top = thorax.apexY + 0.1 * finding.size + 0.045;
  const seed = mixSeed(finding.seed, 61);
  const edge = (y: number): number => {
    const u = clamp((y - top) / 0.15, 0, 1);
    const q = (y - thorax.apexY) / span;
    const medial = thorax.medial(side, y) + 0.004;
    const wall = thorax.innerHalf(y);
    const gap = (wall - medial) * finding.size * (1.1 - 0.62 * q) + 0.006 * valueNoise(y * 18, 3, seed);
    return medial + (wall - gap - medial) * Math.sqrt(1 - (1 - u) ** 2.4);
  };
  const soft = Math.max(0.0015, 0.7 / canvas.scale);
  eachLungPixel(context, side, (index, x, y) => {
    const distance = Math.abs(x - thorax.midline(y) * 0.5) - edge(y);
    const outside = y < top ? 1 : smoothstep(-soft, soft, distance);
    layers.clear[index] = Math.max(layers.clear[index], outside);
    addFill(layers, index, (1 - outside) * (0.13 + 0.35 * finding.size * finding.severity));
    if (outside > 0.5 && y < thorax.dome(side, x) + 0.01) extent.add(index);
  });
  const line: [number, number][] = [];
  for (let y = top; y < thorax.domeY[side] + 0.11; y += 0.006) {
    const x = sign * edge(y) + thorax.midline(y) * 0.5;
    if (y > thorax.dome(side, x) + 0.02) break;
    line.push([x, y]);
  }
  canvas.stroke(layers.extra, tapered(line, [0.0026, 0.0026], [1.15, 1.05]), solidTube);
}

/** A rind inside the ribs: a cap on the apex that runs down the side, uneven, in part calcified. */
function thickening(context: LesionContext, finding: Finding): void {
  const { thorax, layers, tissue } = context;
  const extent = context.extent(finding);
  const seed = mixSeed(finding.seed, 62);
  const span = thorax.domeY[finding.side] + 0.1 - thorax.apexY;
  const end = 0.45 + 0.55 * finding.q;
  eachLungPixel(context, finding.side, (index, x, y) => {
    const q = (y - thorax.apexY) / span;
    const envelope = smoothstep(end + 0.12, end - 0.12, q);
    if (envelope <= 0) return;
    const cap = smoothstep(0.12, 0, q);
    const wave = 0.75 + 0.6 * cloudNoise(x * 15, y * 15, 2, seed);
    const thick = finding.size * envelope * wave * (1 + 0.4 * cap);
    const depth = Math.min(thorax.innerHalf(y) - Math.abs(x), (y - thorax.apexY) * 0.9 + 0.004);
    const amount = smoothstep(thick + 0.007, thick - 0.006, depth) * (0.52 + 0.25 * finding.severity);
    if (amount <= 0) return;
    addFill(layers, index, amount);
    const lime = smoothstep(0.62, 0.75, cloudNoise(x * 40, y * 40, 2, seed + 1));
    layers.extra[index] += amount * (0.4 + 0.8 * lime);
    if (amount > 0.3 && tissue.lung[index] > 0.4) extent.add(index);
  });
}

/** Draws `finding` if it is one of the pleura's. */
export function drawPleural(context: LesionContext, finding: Finding): boolean {
  switch (finding.label) {
    case 'Effusion':
      effusion(context, finding);
      return true;
    case 'Pneumothorax':
      pneumothorax(context, finding);
      return true;
    case 'Pleural_Thickening':
      thickening(context, finding);
      return true;
    default:
      return false;
  }
}
