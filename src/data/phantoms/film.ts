/** From attenuation to gray: Beer-Lambert, scatter, quantum noise, the film's response, lead letters. */
import { Canvas, solidTube, tapered } from './canvas.js';
import { smoothstep } from './curves.js';
import type { Visit } from './patient.js';
import { hash2, mixSeed, Stream } from './randomStreams.js';

/** Linear attenuation of water for a chest beam, per cm. */
const MU = 0.17;

/** Strokes of the letters that radiographers put on films, in a box 1 wide and 1.6 high. */
const LETTERS: Readonly<Record<string, readonly (readonly (readonly [number, number])[])[]>> = {
  L: [
    [
      [0.1, 0],
      [0.1, 1.6],
      [0.9, 1.6],
    ],
  ],
  R: [
    [
      [0.1, 1.6],
      [0.1, 0],
      [0.6, 0],
      [0.88, 0.2],
      [0.88, 0.6],
      [0.6, 0.8],
      [0.1, 0.8],
    ],
    [
      [0.5, 0.8],
      [0.92, 1.6],
    ],
  ],
  A: [
    [
      [0, 1.6],
      [0.5, 0],
      [1, 1.6],
    ],
    [
      [0.2, 1],
      [0.8, 1],
    ],
  ],
  P: [
    [
      [0.1, 1.6],
      [0.1, 0],
      [0.6, 0],
      [0.9, 0.2],
      [0.9, 0.65],
      [0.6, 0.85],
      [0.1, 0.85],
    ],
  ],
  O: [
    [
      [0.5, 0],
      [0.1, 0.35],
      [0.1, 1.25],
      [0.5, 1.6],
      [0.9, 1.25],
      [0.9, 0.35],
      [0.5, 0],
    ],
  ],
  T: [
    [
      [0, 0],
      [1, 0],
    ],
    [
      [0.5, 0],
      [0.5, 1.6],
    ],
  ],
  B: [
    [
      [0.1, 0],
      [0.1, 1.6],
      [0.65, 1.6],
      [0.9, 1.4],
      [0.9, 1],
      [0.65, 0.8],
      [0.1, 0.8],
    ],
    [
      [0.1, 0],
      [0.6, 0],
      [0.82, 0.2],
      [0.82, 0.6],
      [0.6, 0.8],
    ],
  ],
  E: [
    [
      [0.9, 0],
      [0.1, 0],
      [0.1, 1.6],
      [0.9, 1.6],
    ],
    [
      [0.1, 0.8],
      [0.75, 0.8],
    ],
  ],
};

/** A low-resolution blur of the exit dose: what scatter adds everywhere. */
function scatterField(dose: Float32Array, size: number): { grid: Float32Array; side: number } {
  const side = 32;
  const grid = new Float32Array(side * side);
  const step = size / side;
  for (let gy = 0; gy < side; gy++) {
    for (let gx = 0; gx < side; gx++) {
      let sum = 0;
      for (let k = 0; k < 4; k++) {
        const x = Math.min(size - 1, Math.floor((gx + 0.25 + 0.5 * (k & 1)) * step));
        const y = Math.min(size - 1, Math.floor((gy + 0.25 + 0.5 * (k >> 1)) * step));
        sum += Math.min(0.35, dose[y * size + x]);
      }
      grid[gy * side + gx] = sum / 4;
    }
  }
  const line = new Float32Array(side);
  for (let pass = 0; pass < 3; pass++) {
    for (const [along, across] of [
      [1, side],
      [side, 1],
    ]) {
      for (let k = 0; k < side; k++) {
        for (let i = 0; i < side; i++) {
          let sum = 0;
          for (let j = -3; j <= 3; j++) {
            const at = Math.max(0, Math.min(side - 1, i + j));
            sum += grid[k * across + at * along];
          }
          line[i] = sum / 7;
        }
        for (let i = 0; i < side; i++) grid[k * across + i * along] = line[i];
      }
    }
  }
  return { grid, side };
}

/**
 * Density on the film of a ray through `attenuation` cm of water: the Hurter-Driffield curve
 * D = 1 / (1 + (E0 / E)^γ) of the exposure E = exp(−μ·A) + scatter, shown white for unexposed.
 */
export function expose(
  canvas: Canvas,
  attenuation: Float32Array,
  visit: Visit,
  middle: number,
): Float32Array {
  const { size } = canvas;
  const dose = canvas.layer();
  // Air beside the patient leaves all of it.
  for (let i = 0; i < dose.length; i++) dose[i] = attenuation[i] > 0 ? Math.exp(-MU * attenuation[i]) : 1;
  const { grid, side } = scatterField(dose, size);
  const gamma = 1 / (visit.latitude * MU);
  const middleDose = Math.exp(-MU * middle);
  const gray = canvas.layer();
  const seed = mixSeed(visit.seed, 91);
  // A pixel of 1024 catches so many quanta; wider pixels more in proportion to their area.
  const grain = (0.0078 * visit.noise * size) / 1024;
  // Where each column, or row, lies in the grid.
  const places = Float64Array.from({ length: size }, (_, x) =>
    Math.max(0, Math.min(side - 1.001, ((x + 0.5) * side) / size - 0.5)),
  );
  for (let y = 0; y < size; y++) {
    const y0 = Math.floor(places[y]);
    const fy = places[y] - y0;
    for (let x = 0; x < size; x++) {
      const x0 = Math.floor(places[x]);
      const fx = places[x] - x0;
      const at = y0 * side + x0;
      const top = grid[at] + (grid[at + 1] - grid[at]) * fx;
      const bottom = grid[at + side] + (grid[at + side + 1] - grid[at + side]) * fx;
      const i = y * size + x;
      const exposure = dose[i] + visit.scatter * (top + (bottom - top) * fy);
      // Two hashed uniforms make a triangular variate of unit variance / √6: close enough to a Gaussian.
      const noise = (hash2(x, y, seed) + hash2(x, y, seed + 1) - 1) * 2.45;
      const counted = Math.max(1e-5, exposure + noise * grain * Math.sqrt(exposure));
      // (counted / middleDose) ** gamma, in half the time.
      gray[i] = 1 / (1 + Math.exp(gamma * Math.log(counted / middleDose)));
    }
  }
  return gray;
}

/** Light blur of the screen, [1 2 1] in both directions, applied where pixels are finer than the blur. */
export function screenBlur(image: Float32Array, size: number): void {
  const copy = image.slice();
  for (let y = 0; y < size; y++) {
    const up = y > 0 ? -size : 0;
    const down = y < size - 1 ? size : 0;
    for (let x = 0; x < size; x++) {
      const i = y * size + x;
      const left = x > 0 ? -1 : 0;
      const right = x < size - 1 ? 1 : 0;
      const row = (k: number): number => copy[k + left] + 2 * copy[k] + copy[k + right];
      image[i] = (row(i + up) + 2 * row(i) + row(i + down)) / 16;
    }
  }
}

function write(
  canvas: Canvas,
  target: Float32Array,
  text: string,
  x: number,
  y: number,
  height: number,
): void {
  const unit = height / 1.6;
  let left = x;
  for (const letter of text) {
    for (const path of LETTERS[letter] ?? []) {
      const points = path.map(([px, py]): [number, number] => [left + px * unit, y + py * unit]);
      canvas.stroke(target, tapered(points, [height * 0.1, height * 0.1], [1, 1]), solidTube);
    }
    left += unit * 1.35;
  }
}

/** Lead letters and collimator blades: white letters, black outside the field. */
export function drawFrame(gray: Float32Array, size: number, visit: Visit): void {
  const r = new Stream(visit.seed, 95);
  const canvas = new Canvas(size, {
    angle: r.normal(0, 0.06),
    magnification: 1,
    shiftX: 0,
    shiftY: 0,
  });
  const letters = canvas.layer();
  const onLeft = r.chance(0.7);
  const big = r.uniform(0.032, 0.05);
  write(
    canvas,
    letters,
    onLeft ? 'L' : 'R',
    (onLeft ? 1 : -1) * r.uniform(0.38, 0.44) - 0.015,
    r.uniform(0.05, 0.16),
    big,
  );
  if (visit.view === 'AP') {
    const x = (onLeft ? -1 : 1) * r.uniform(0.36, 0.4) - 0.05;
    const y = r.uniform(0.05, 0.12);
    write(canvas, letters, 'AP', x, y, 0.02);
    if (r.chance(0.6)) write(canvas, letters, 'PORTABLE', x - 0.03, y + 0.04, 0.018);
  }
  for (let i = 0; i < gray.length; i++) {
    if (letters[i] > 0) gray[i] += (0.97 - gray[i]) * Math.min(1, letters[i] * 1.6);
  }
  canvas.release();
  if (visit.collimation.length === 0) return;
  const [left, top, right, bottom, tilt] = visit.collimation;
  const soft = 0.003;
  for (let row = 0; row < size; row++) {
    const v = (row + 0.5) / size;
    for (let column = 0; column < size; column++) {
      const u = (column + 0.5) / size;
      const du = u + (v - 0.5) * tilt;
      const dv = v - (u - 0.5) * tilt;
      let open = 1;
      if (left > 0) open *= smoothstep(left - soft, left + soft, du);
      if (right > 0) open *= smoothstep(right - soft, right + soft, 1 - du);
      if (top > 0) open *= smoothstep(top - soft, top + soft, dv);
      if (bottom > 0) open *= smoothstep(bottom - soft, bottom + soft, 1 - dv);
      if (open < 1) gray[row * size + column] *= open;
    }
  }
}
