/** Plain-loop float64 bilinear resize: the oracle of resize.ts. */
import { at, type Dense, dense, type Shape } from '../checkCase.js';

/** Neighbours and weight of output position o, as OpenCV computes them. */
function source(o: number, side: number, outSide: number) {
  const f = (o + 0.5) * (side / outSide) - 0.5;
  const low = Math.floor(f);
  if (low < 0) return { low: 0, high: 0, fraction: 0 };
  if (low >= side - 1) return { low: side - 1, high: side - 1, fraction: 0 };
  return { low, high: low + 1, fraction: f - low };
}

/** y[b,oy,ox,c] = the four neighbours of (oy,ox), weighted by nearness, first along x, then along y. */
export function resizeBilinear(x: Dense, yShape: Shape): Dense {
  const y = dense(yShape);
  const [b, h, w, c] = x.shape;
  const lerp = (p: number, q: number, f: number) => p * (1 - f) + q * f;
  for (let i = 0; i < b; i++)
    for (let oy = 0; oy < yShape[1]; oy++)
      for (let ox = 0; ox < yShape[2]; ox++) {
        const row = source(oy, h, yShape[1]);
        const column = source(ox, w, yShape[2]);
        for (let ch = 0; ch < c; ch++) {
          const along = (line: number) =>
            lerp(
              x.data[at(x, i, line, column.low, ch)],
              x.data[at(x, i, line, column.high, ch)],
              column.fraction,
            );
          y.data[at(y, i, oy, ox, ch)] = lerp(along(row.low), along(row.high), row.fraction);
        }
      }
  return y;
}
