/** Curves through control points, and look-up tables sampled from them. */

export function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value));
}

export function smoothstep(low: number, high: number, value: number): number {
  const t = clamp((value - low) / (high - low), 0, 1);
  return t * t * (3 - 2 * t);
}

export function lerp(a: number, b: number, t: number): number {
  return a + (b - a) * t;
}

/** Cubic Hermite interpolation through (x, y) pairs with increasing x; constant outside. */
export function curve(points: readonly (readonly [number, number])[], x: number): number {
  const last = points.length - 1;
  if (x <= points[0][0]) return points[0][1];
  if (x >= points[last][0]) return points[last][1];
  let i = 0;
  while (x > points[i + 1][0]) i++;
  const x0 = points[i][0];
  const y0 = points[i][1];
  const y1 = points[i + 1][1];
  const span = points[i + 1][0] - x0;
  const t = (x - x0) / span;
  const t2 = t * t;
  const t3 = t2 * t;
  return (
    (2 * t3 - 3 * t2 + 1) * y0 +
    (t3 - 2 * t2 + t) * span * slopeAt(points, i) +
    (3 * t2 - 2 * t3) * y1 +
    (t3 - t2) * span * slopeAt(points, i + 1)
  );
}

function slopeAt(points: readonly (readonly [number, number])[], k: number): number {
  const low = points[Math.max(0, k - 1)];
  const high = points[Math.min(points.length - 1, k + 1)];
  return (high[1] - low[1]) / (high[0] - low[0]);
}

/** A function of one variable sampled densely, because each pixel asks for it. */
export class Table {
  private readonly values: Float64Array;
  private readonly scale: number;
  constructor(
    private readonly low: number,
    high: number,
    f: (x: number) => number,
    samples = 768,
  ) {
    this.values = new Float64Array(samples + 2);
    this.scale = samples / (high - low);
    for (let i = 0; i < samples + 2; i++) this.values[i] = f(low + i / this.scale);
  }
  at(x: number): number {
    const position = (x - this.low) * this.scale;
    if (position <= 0) return this.values[0];
    const last = this.values.length - 2;
    if (position >= last) return this.values[last];
    const i = position | 0;
    const fraction = position - i;
    return this.values[i] + (this.values[i + 1] - this.values[i]) * fraction;
  }
}

/** Points [x, y] along a Catmull-Rom spline through the control points, `steps` for each span. */
export function spline(control: readonly (readonly [number, number])[], steps: number): [number, number][] {
  const out: [number, number][] = [];
  const last = control.length - 1;
  for (let i = 0; i < last; i++) {
    const p0 = control[Math.max(0, i - 1)];
    const p1 = control[i];
    const p2 = control[i + 1];
    const p3 = control[Math.min(last, i + 2)];
    for (let k = 0; k < steps; k++) {
      const t = k / steps;
      const point: [number, number] = [0, 0];
      for (const axis of [0, 1] as const) {
        point[axis] =
          0.5 *
          (2 * p1[axis] +
            (p2[axis] - p0[axis]) * t +
            (2 * p0[axis] - 5 * p1[axis] + 4 * p2[axis] - p3[axis]) * t * t +
            (3 * p1[axis] - p0[axis] - 3 * p2[axis] + p3[axis]) * t * t * t);
      }
      out.push(point);
    }
  }
  out.push([control[last][0], control[last][1]]);
  return out;
}
