/** Least squares through points (x, y): how a cost grows. */

export interface Point {
  x: number;
  y: number;
}

export interface LineFit {
  intercept: number;
  slope: number;
  /** Share of the variance that the fit explains, at most 1. */
  r2: number;
}

export interface PowerFit {
  /** y = factor * x^exponent. */
  factor: number;
  exponent: number;
  /** In logarithms. */
  r2: number;
}

/** y = intercept + slope * x; null of fewer than two different x. */
export function fitLine(points: readonly Point[]): LineFit | null {
  const n = points.length;
  const mean = (of: (p: Point) => number) => points.reduce((sum, p) => sum + of(p), 0) / n;
  const [mx, my] = [mean((p) => p.x), mean((p) => p.y)];
  const sxx = points.reduce((sum, p) => sum + (p.x - mx) ** 2, 0);
  if (n < 2 || sxx === 0) return null;
  const sxy = points.reduce((sum, p) => sum + (p.x - mx) * (p.y - my), 0);
  const slope = sxy / sxx;
  const intercept = my - slope * mx;
  const rest = points.reduce((sum, p) => sum + (p.y - intercept - slope * p.x) ** 2, 0);
  const all = points.reduce((sum, p) => sum + (p.y - my) ** 2, 0);
  return { intercept, slope, r2: all > 0 ? 1 - rest / all : 1 };
}

/** y = factor * x^exponent, a line in logarithms; null of fewer than two different x, or with one not above 0. */
export function fitPower(points: readonly Point[]): PowerFit | null {
  if (points.some(({ x, y }) => !(x > 0 && y > 0))) return null;
  const line = fitLine(points.map(({ x, y }) => ({ x: Math.log(x), y: Math.log(y) })));
  return line && { factor: Math.exp(line.intercept), exponent: line.slope, r2: line.r2 };
}
