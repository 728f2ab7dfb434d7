/** Plain-loop float64 pooling, forward and backward: the oracle of pool.ts. */
import { at, type Dense, dense, type Shape } from '../checkCase.js';
import { activate } from '../conv/conv.reference.js';
import type { PoolShape } from './pool.js';

/** Calls `visit` for every element of y and every tap of its window, row by row; inside or not. */
function eachTap(
  x: Shape,
  y: Shape,
  { kernel, stride, pad }: PoolShape,
  visit: (
    b: number,
    oy: number,
    ox: number,
    c: number,
    iy: number,
    ix: number,
    tap: number,
    inside: boolean,
  ) => void,
): void {
  for (let b = 0; b < y[0]; b++)
    for (let oy = 0; oy < y[1]; oy++)
      for (let ox = 0; ox < y[2]; ox++)
        for (let c = 0; c < y[3]; c++)
          for (let tap = 0; tap < kernel * kernel; tap++) {
            const iy = oy * stride + Math.floor(tap / kernel) - pad;
            const ix = ox * stride + (tap % kernel) - pad;
            const inside = iy >= 0 && ix >= 0 && iy < x[1] && ix < x[2];
            visit(b, oy, ox, c, iy, ix, tap, inside);
          }
}

/** y[b,oy,ox,c] = largest act(x) of the window, padding 0; argmax = its first tap. */
export function maxPoolForward(x: Dense, yShape: Shape, shape: PoolShape, affine?: Dense) {
  const y = dense(yShape);
  const argmax = dense(yShape);
  eachTap(x.shape, yShape, shape, (b, oy, ox, c, iy, ix, tap, inside) => {
    const v = inside ? activate(x.data[at(x, b, iy, ix, c)], c, affine) : 0;
    const o = at(y, b, oy, ox, c);
    if (tap === 0 || v > y.data[o]) {
      y.data[o] = v;
      argmax.data[o] = tap;
    }
  });
  return { y, argmax };
}

/** dx: each dy goes to the pixel under its window's argmax, unless that is padding. */
export function maxPoolBackward(dy: Dense, argmax: Dense, xShape: Shape, shape: PoolShape): Dense {
  const dx = dense(xShape);
  eachTap(xShape, dy.shape, shape, (b, oy, ox, c, iy, ix, tap, inside) => {
    const o = at(dy, b, oy, ox, c);
    if (inside && argmax.data[o] === tap) dx.data[at(dx, b, iy, ix, c)] += dy.data[o];
  });
  return dx;
}

/** Taps of each window that lie inside the image, for every element of y. */
function counts(xShape: Shape, yShape: Shape, shape: PoolShape): Dense {
  const count = dense(yShape);
  eachTap(xShape, yShape, shape, (b, oy, ox, c, _iy, _ix, _tap, inside) => {
    if (inside) count.data[at(count, b, oy, ox, c)]++;
  });
  return count;
}

/** y[b,oy,ox,c] = mean of the window's pixels inside the image. */
export function averagePoolForward(x: Dense, yShape: Shape, shape: PoolShape, affine?: Dense): Dense {
  const y = dense(yShape);
  const count = counts(x.shape, yShape, shape);
  eachTap(x.shape, yShape, shape, (b, oy, ox, c, iy, ix, _tap, inside) => {
    const o = at(y, b, oy, ox, c);
    if (inside) y.data[o] += activate(x.data[at(x, b, iy, ix, c)], c, affine) / count.data[o];
  });
  return y;
}

/** dx: each dy is shared equally among the pixels of its window. */
export function averagePoolBackward(dy: Dense, xShape: Shape, shape: PoolShape): Dense {
  const dx = dense(xShape);
  const count = counts(xShape, dy.shape, shape);
  eachTap(xShape, dy.shape, shape, (b, oy, ox, c, iy, ix, _tap, inside) => {
    const o = at(dy, b, oy, ox, c);
    if (inside) dx.data[at(dx, b, iy, ix, c)] += dy.data[o] / count.data[o];
  });
  return dx;
}

/** y[b,c] = mean of act(x) over h and w. */
export function globalAveragePoolForward(x: Dense, affine?: Dense): Dense {
  const [b, h, w, c] = x.shape;
  const y = dense([b, 1, 1, c]);
  for (let i = 0; i < x.data.length; i++) {
    const image = Math.floor(i / (h * w * c));
    y.data[image * c + (i % c)] += activate(x.data[i], i % c, affine) / (h * w);
  }
  return y;
}

/** dx[b,h,w,c] = dy[b,c] / (h*w) */
export function globalAveragePoolBackward(dy: Dense, xShape: Shape): Dense {
  const dx = dense(xShape);
  const [, h, w, c] = xShape;
  for (let i = 0; i < dx.data.length; i++) {
    dx.data[i] = dy.data[Math.floor(i / (h * w * c)) * c + (i % c)] / (h * w);
  }
  return dx;
}
