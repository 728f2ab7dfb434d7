/** Plain-loop float64 convolution, forward and backward: the oracle of conv.ts. */
import { at, type Dense, dense, type Shape } from '../checkCase.js';
import type { ConvShape } from './conv.js';

/** Prologue: max(0, scale*v + shift), affine = [scale | shift][c]; identity without one. */
export function activate(v: number, channel: number, affine?: Dense): number {
  if (!affine) return v;
  const count = affine.shape[3] / 2;
  return Math.max(0, v * affine.data[channel] + affine.data[count + channel]);
}

/** Calls `visit` for every (output pixel, tap) pair whose input pixel lies inside the image. */
function eachTap(
  x: Shape,
  y: Shape,
  { kernel, stride, pad }: ConvShape,
  visit: (b: number, oy: number, ox: number, iy: number, ix: number, tap: number) => void,
): void {
  for (let b = 0; b < y[0]; b++)
    for (let oy = 0; oy < y[1]; oy++)
      for (let ox = 0; ox < y[2]; ox++)
        for (let ky = 0; ky < kernel; ky++)
          for (let kx = 0; kx < kernel; kx++) {
            const iy = oy * stride + ky - pad;
            const ix = ox * stride + kx - pad;
            if (iy < 0 || ix < 0 || iy >= x[1] || ix >= x[2]) continue;
            visit(b, oy, ox, iy, ix, ky * kernel + kx);
          }
}

/** y[b,oy,ox,co] = sum act(x[b,iy,ix,ci]) * w[tap,ci,co] */
export function convForward(x: Dense, w: Dense, yShape: Shape, shape: ConvShape, affine?: Dense): Dense {
  const y = dense(yShape);
  const ci = x.shape[3];
  const co = yShape[3];
  eachTap(x.shape, yShape, shape, (b, oy, ox, iy, ix, tap) => {
    for (let c = 0; c < ci; c++) {
      const v = activate(x.data[at(x, b, iy, ix, c)], c, affine);
      for (let o = 0; o < co; o++) y.data[at(y, b, oy, ox, o)] += v * w.data[(tap * ci + c) * co + o];
    }
  });
  return y;
}

/** dx[b,iy,ix,ci] = sum dy[b,oy,ox,co] * w[tap,ci,co] */
export function convBackwardData(dy: Dense, w: Dense, xShape: Shape, shape: ConvShape): Dense {
  const dx = dense(xShape);
  const ci = xShape[3];
  const co = dy.shape[3];
  eachTap(xShape, dy.shape, shape, (b, oy, ox, iy, ix, tap) => {
    for (let c = 0; c < ci; c++)
      for (let o = 0; o < co; o++)
        dx.data[at(dx, b, iy, ix, c)] += dy.data[at(dy, b, oy, ox, o)] * w.data[(tap * ci + c) * co + o];
  });
  return dx;
}

/** dw[tap,ci,co] = sum act(x[b,iy,ix,ci]) * dy[b,oy,ox,co] */
export function convBackwardWeights(
  x: Dense,
  dy: Dense,
  wShape: Shape,
  shape: ConvShape,
  affine?: Dense,
): Dense {
  const dw = dense(wShape);
  const ci = x.shape[3];
  const co = dy.shape[3];
  eachTap(x.shape, dy.shape, shape, (b, oy, ox, iy, ix, tap) => {
    for (let c = 0; c < ci; c++) {
      const v = activate(x.data[at(x, b, iy, ix, c)], c, affine);
      for (let o = 0; o < co; o++) dw.data[(tap * ci + c) * co + o] += v * dy.data[at(dy, b, oy, ox, o)];
    }
  });
  return dw;
}
