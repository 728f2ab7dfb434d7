/** What tests of the generator's transforms start from. */
import type { Transform } from '../../../src/data/generator/augmentation.js';
import type { FloatImage } from '../../../src/data/images/pixels.js';

/** Leaves an image as it is. */
export const NOTHING: Transform = {
  crop: null,
  theta: 0,
  tx: 0,
  ty: 0,
  shear: 0,
  zx: 1,
  zy: 1,
  flipHorizontal: false,
  flipVertical: false,
  channelShift: null,
  brightness: null,
};

/** Pixels rgb[h,w,3], of a gray image three times the same. */
export function asRgb({ data, channels }: FloatImage): Float32Array {
  if (channels === 3) return data;
  return Float32Array.from({ length: data.length * 3 }, (_, i) => data[Math.floor(i / 3)]);
}
