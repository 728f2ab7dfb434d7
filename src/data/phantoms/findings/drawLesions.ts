/**
 * What each finding does to the lungs: tissue that loses its air (`fill`), tissue that loses its markings
 * (`clear`), and water or gas added along the ray (`extra`). Findings that are a matter of shape only
 * (Cardiomegaly, most of Emphysema) act in thorax.ts; here they only get their box.
 */

import type { Thorax } from '../anatomy/thorax.js';
import type { Tissue } from '../anatomy/tissue.js';
import type { Canvas } from '../canvas.js';
import { smoothstep } from '../curves.js';
import { cloudNoise, mixSeed } from '../randomStreams.js';
import { drawDiffuse } from './diffuse.js';
import { drawFocal } from './focal.js';
import { addFill, type Box, Extent, type LesionContext, type LesionLayers } from './lesionLayers.js';
import type { Finding } from './placeFinding.js';
import { drawPleural } from './pleural.js';

function drawHeartBox(context: LesionContext, finding: Finding): void {
  const { thorax, canvas } = context;
  const extent = context.extent(finding);
  const { x, y, halfWidth, halfHeight } = thorax.heart;
  const reach = 1.2 * Math.max(halfWidth, halfHeight);
  canvas.each(x - reach, y - reach, x + reach, y + reach, (index, px, py) => {
    if (thorax.heart.fraction(px, py) < 1) extent.add(index);
  });
}

/** Gas and fluid in a stomach that slid through the hiatus: a ring behind the heart with a level. */
function drawHernia(context: LesionContext, finding: Finding): void {
  const { canvas, thorax, layers } = context;
  const extent = context.extent(finding);
  const radius = finding.size;
  const y0 = Math.min(thorax.domeY[0], thorax.domeY[1]) + 0.02 - radius * 0.8;
  const x0 = thorax.midline(y0) + 0.035 + (finding.side ? 0.015 : -0.03);
  const level = y0 + radius * 0.22;
  const seed = mixSeed(finding.seed, 76);
  canvas.each(x0 - 2 * radius, y0 - 2 * radius, x0 + 2 * radius, y0 + 2 * radius, (index, x, y) => {
    const round = Math.hypot((x - x0) / 1.12, (y - y0) / 0.96) / radius;
    const d = Math.max(0, round + 0.25 * (cloudNoise(x * 22, y * 22, 2, seed) - 0.5));
    if (d >= 1) return;
    extent.add(index);
    const depth = Math.sqrt(1 - d * d);
    addFill(layers, index, smoothstep(1, 0.9, d));
    const inside = smoothstep(0.93, 0.72, d);
    const gas = smoothstep(level + 0.002, level - 0.002, y);
    layers.extra[index] += 0.5 * depth - inside * gas * (2.4 + 5 * finding.severity * depth);
  });
}

export function drawLesions(
  canvas: Canvas,
  thorax: Thorax,
  tissue: Tissue,
  findings: readonly Finding[],
  factor: number,
): { layers: LesionLayers; boxes: Box[] } {
  const layers: LesionLayers = {
    fill: canvas.layer(),
    clear: canvas.layer(),
    extra: canvas.layer(),
    bronchi: canvas.layer(),
  };
  const extents: [Finding, Extent][] = [];
  const context: LesionContext = {
    canvas,
    thorax,
    tissue,
    layers,
    extent: (finding) => {
      const extent = new Extent(canvas.size);
      extents.push([finding, extent]);
      return extent;
    },
  };
  for (const finding of findings) {
    if (finding.label === 'Cardiomegaly') drawHeartBox(context, finding);
    else if (finding.label === 'Hernia') drawHernia(context, finding);
    else if (!drawFocal(context, finding) && !drawPleural(context, finding)) drawDiffuse(context, finding);
  }
  for (let i = 0; i < layers.fill.length; i++) {
    const air = layers.bronchi[i];
    if (air > 0) layers.fill[i] *= 1 - Math.min(0.7, air);
  }
  const boxes: Box[] = [];
  for (const [finding, extent] of extents) {
    const box = extent.box(finding.label, factor);
    if (box) boxes.push(box);
  }
  return { layers, boxes };
}
