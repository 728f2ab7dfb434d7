/** Draws one phantom: patient, visit and findings in, 8-bit gray out. Runs in Node and in the browser. */
import { requireObject } from '../../core/arguments.js';
import { UsageError } from '../../core/errors.js';
import { drawDevices } from './anatomy/devices.js';
import { drawSkeleton } from './anatomy/skeleton.js';
import { Thorax } from './anatomy/thorax.js';
import { drawAbdomen, drawAirways, drawTissue } from './anatomy/tissue.js';
import { drawVessels, parenchyma } from './anatomy/vessels.js';
import { Canvas } from './canvas.js';
import type { PhantomSpec } from './cohort.js';
import { smoothstep } from './curves.js';
import { drawFrame, expose, screenBlur } from './film.js';
import { drawLesions } from './findings/drawLesions.js';
import type { Box } from './findings/lesionLayers.js';

export const SMALLEST_SIZE = 64;
export const LARGEST_SIZE = 1024;

/** A drawn X-ray with its truth. */
export interface Phantom {
  /** Gray pixels[h,w], 0 black … 255 white; h = w = size. */
  pixels: Uint8Array;
  /** Where each finding truly lies; several boxes when it has several places. */
  boxes: Box[];
}

/** @throws UsageError when `size` is not an integer from 64 to 1024 */
export function checkSize(size: number): void {
  if (!Number.isInteger(size) || size < SMALLEST_SIZE || size > LARGEST_SIZE) {
    throw new UsageError(
      `A phantom cannot be ${size} pixels large.`,
      `Give \`size\` an integer from ${SMALLEST_SIZE} to ${LARGEST_SIZE}.`,
    );
  }
}

/**
 * Draws a frontal chest X-ray by summing water-equivalent thickness along each ray and exposing a film.
 * @param spec one image of a cohort; the same spec and size give the same pixels
 * @param size side of the square image, 64 … 1024 px
 * @throws UsageError for another size
 */
export function drawPhantom(spec: PhantomSpec, size: number): Phantom {
  checkSize(size);
  requireObject('The phantom to draw', spec);
  const factor = size <= 96 ? 3 : size < 400 ? 2 : 1;
  const fine = size * factor;
  const canvas = new Canvas(fine, spec.visit.pose);
  const thorax = new Thorax(spec.anatomy, spec.visit, spec.findings);
  const tissue = drawTissue(canvas, thorax);
  const solid = canvas.layer();
  drawAirways(canvas, solid, thorax);
  drawAbdomen(canvas, solid, thorax);
  drawSkeleton(canvas, solid, thorax);
  drawDevices(canvas, solid, thorax);
  const vessels = canvas.layer();
  const edema = spec.findings.find((f) => f.label === 'Edema');
  const gain = spec.anatomy.vesselGain * (1 - 0.3 * thorax.hyperinflation);
  drawVessels(canvas, vessels, thorax, { cephalisation: edema ? edema.severity : 0, gain });
  const { layers, boxes } = drawLesions(canvas, thorax, tissue, spec.findings, factor);

  const attenuation = canvas.layer();
  const uneven = new Float64Array(fine);
  canvas.rows(-2, -2, 2, 3, (row) => {
    const { first, count } = row;
    parenchyma(thorax, row, tissue.lung, uneven);
    for (let k = 0; k < count; k++) {
      const i = first + k;
      let a = tissue.soft[i] + solid[i] + layers.extra[i];
      const lung = tissue.lung[i];
      if (lung > 0) {
        const filled = layers.fill[i];
        const clear = layers.clear[i];
        const density = thorax.lungDensity * (1 + 0.5 * (uneven[k] - 0.5));
        const aerated = lung * (1 - filled) * (1 - clear);
        const marks = Math.min(vessels[i], lung * 0.7) * smoothstep(1, 11, lung);
        a += marks * (1 - filled) * (1 - clear) - aerated * (1 - density) - lung * clear * (1 - 0.5 * filled);
      }
      attenuation[i] = a;
    }
  });
  if (factor === 1 && size > 600) screenBlur(attenuation, fine);
  const gray = expose(canvas, attenuation, spec.visit, filmMiddle(thorax));
  drawFrame(gray, fine, spec.visit);
  const pixels = quantise(gray, size, factor);
  canvas.release();
  return { pixels, boxes };
}

/** The radiographer's choice: middle gray between the lungs and the heart of this build of patient. */
function filmMiddle(thorax: Thorax): number {
  const y = 0.4;
  const lung = thorax.bodyDepthAt(y) - 0.74 * thorax.chestDepth(0.2, y);
  return lung + 3.1 - thorax.visit.exposure;
}

/** Averages factor × factor blocks to bytes. */
function quantise(gray: Float32Array, size: number, factor: number): Uint8Array {
  const pixels = new Uint8Array(size * size);
  const fine = size * factor;
  const scale = 255 / (factor * factor);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      let sum = 0;
      for (let dy = 0; dy < factor; dy++) {
        const row = (y * factor + dy) * fine + x * factor;
        for (let dx = 0; dx < factor; dx++) sum += gray[row + dx];
      }
      pixels[y * size + x] = Math.max(0, Math.min(255, Math.round(sum * scale)));
    }
  }
  return pixels;
}
