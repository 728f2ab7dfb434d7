/** Hila and pulmonary vessels: water where there was air, branching and tapering to the periphery. */
import type { Canvas, PixelRow } from '../canvas.js';
import { softStreak, solidTube, tapered } from '../canvas.js';
import type { Side } from '../findings/placeFinding.js';
import { cloudNoiseRow, mixSeed, Stream } from '../randomStreams.js';
import { FIELD_CM, type Thorax } from './thorax.js';

export interface VesselState {
  /** Widens the upper-zone vessels when the heart fails. */
  cephalisation: number;
  /** Relative number and width of all vessels. */
  gain: number;
}

interface Branch {
  x: number;
  y: number;
  angle: number;
  radius: number;
  depth: number;
}

/** Where the two hila lie. */
export function hilum(thorax: Thorax, side: Side): [number, number] {
  const sign = side ? 1 : -1;
  const y = thorax.carinaY + (side ? 0.035 : 0.06);
  return [thorax.midline(y) + sign * (thorax.medial(side, y) + 0.022), y];
}

export function drawVessels(canvas: Canvas, target: Float32Array, thorax: Thorax, state: VesselState): void {
  for (const side of [0, 1] as const) {
    const r = new Stream(thorax.anatomy.seed, 31 + side);
    const sign = side ? 1 : -1;
    const [hx, hy] = hilum(thorax, side);
    // The hilum itself: pulmonary artery seen end on and descending.
    const descending: [number, number][] = [
      [hx - sign * 0.01, hy - 0.035],
      [hx + sign * 0.004, hy],
      [hx + sign * 0.012, hy + 0.05],
      [hx + sign * 0.016, hy + 0.1],
    ];
    canvas.stroke(target, tapered(descending, [0.021, 0.01], [2.3, 1.1]), softStreak);
    for (let i = 0; i < 7; i++) {
      const x = hx + sign * r.normal(0.008, 0.012);
      const y = hy + r.normal(0.005, 0.03);
      const end = r.uniform(0.005, 0.0095);
      canvas.stroke(
        target,
        tapered(
          [
            [x, y],
            [x + 0.001, y + 0.002],
          ],
          [end, end],
          [0.9, 0.9],
        ),
        solidTube,
      );
    }
    const trunks = 14;
    for (let i = 0; i < trunks; i++) {
      // From straight up (−80°) past the horizontal to straight down (+80°), seen from the hilum outwards.
      const angle = ((-80 + (164 * i) / (trunks - 1) + r.normal(0, 8)) * Math.PI) / 180;
      const lower = angle > 0;
      const width =
        (lower ? 0.0066 : 0.0052 * (1 + 0.9 * state.cephalisation)) * r.uniform(0.6, 1.3) * state.gain;
      const stack: Branch[] = [
        {
          x: hx + sign * r.uniform(-0.012, 0.008),
          y: hy + 0.045 * Math.sin(angle) + r.normal(0, 0.008),
          angle: angle * r.uniform(0.7, 1.05),
          radius: width,
          depth: 0,
        },
      ];
      while (stack.length > 0) {
        const branch = stack.pop();
        if (!branch) break;
        grow(branch, r, canvas, target, thorax, side, sign, stack);
      }
    }
  }
}

function grow(
  branch: Branch,
  r: Stream,
  canvas: Canvas,
  target: Float32Array,
  thorax: Thorax,
  side: Side,
  sign: number,
  stack: Branch[],
): void {
  const path: [number, number][] = [[branch.x, branch.y]];
  let { x, y, angle } = branch;
  const steps = branch.depth === 0 ? 6 : 5;
  const stride = (0.0135 - 0.0012 * branch.depth) * r.uniform(0.85, 1.25);
  const bend = r.normal(0.012, 0.055);
  for (let i = 0; i < steps; i++) {
    angle += bend + r.normal(0, 0.1);
    x += sign * Math.cos(angle) * stride;
    y += Math.sin(angle) * stride;
    path.push([x, y]);
  }
  const tip = branch.radius * 0.72;
  const chord = (radius: number): number => 2 * radius * FIELD_CM * 2.7;
  canvas.stroke(target, tapered(path, [branch.radius, tip], [chord(branch.radius), chord(tip)]), solidTube, {
    union: true,
  });
  if (branch.depth >= 5) return;
  const rim = thorax.innerHalf(y) - 0.02;
  if (Math.abs(x) > rim || y > thorax.dome(side, x) + 0.02 || y < thorax.apexY + 0.02) return;
  const fork = r.uniform(0.25, 0.75);
  const lean = r.uniform(-0.12, 0.12);
  stack.push({ x, y, angle: angle + fork * 0.5 + lean, radius: tip, depth: branch.depth + 1 });
  if (branch.depth < 4 || r.chance(0.5)) {
    stack.push({ x, y, angle: angle - fork * 0.7 + lean, radius: tip * 0.8, depth: branch.depth + 1 });
  }
}

/**
 * Lung tissue is not even: small vessels and airways below resolution, as a relative density about 0.5.
 * @param lung that of the whole film; where there is none, `into` gets nothing
 */
export function parenchyma(thorax: Thorax, row: PixelRow, lung: Float32Array, into: Float64Array): void {
  const { first, count, xs, ys } = row;
  const seed = mixSeed(thorax.anatomy.seed, 37);
  for (let begin = 0, end = 0; end < count; begin = end) {
    const isLung = lung[first + begin] > 0;
    while (end < count && lung[first + end] > 0 === isLung) end++;
    if (isLung) cloudNoiseRow({ xs, ys, begin, end }, 62, 3, seed, into);
  }
}
