/** Geometry of a convolution, and how its shapes are named in tables. */
import type { Tensor } from '../../engine/plan/tensor.js';

export interface ConvShape {
  /** Side of the square kernel. */
  kernel: number;
  stride: number;
  /** Zero padding on each side. */
  pad: number;
}

/** Output side of a convolution or pooling window. */
export function outputSide(side: number, { kernel, stride, pad }: ConvShape): number {
  return Math.floor((side + 2 * pad - kernel) / stride) + 1;
}

/** The parameters of kernels that go from x[b,h,w,ci] to y[b,oh,ow,co], or back. */
export function sizeParams(x: Tensor, y: Tensor): Record<string, number> {
  const [batch, inHeight, inWidth, inChannels] = x.shape;
  const [, outHeight, outWidth, outChannels] = y.shape;
  return { batch, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels };
}

/** `[4,16,16,64] 3x3 -> 32` */
export function describeShape(x: Tensor, { kernel, stride }: ConvShape, out: number): string {
  return `[${x.shape.join(',')}] ${kernel}x${kernel}${stride > 1 ? `/${stride}` : ''} -> ${out}`;
}

/**
 * Class of shapes for the tuner: the GEMM behind the convolution, its three sizes rounded to powers of two, e.g.
 * `3x3 m4096 k1024 n32`.
 */
export function gemmClass(
  { kernel, stride }: ConvShape,
  pixels: number,
  reduced: number,
  out: number,
): string {
  const round = (n: number) => 2 ** Math.round(Math.log2(n));
  const window = `${kernel}x${kernel}${stride > 1 ? `/${stride}` : ''}`;
  return `${window} m${round(pixels)} k${round(reduced)} n${round(out)}`;
}
