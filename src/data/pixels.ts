/** 8-bit pixels on their way to the network. */

export interface PixelImage {
  readonly width: number;
  readonly height: number;
  /** 1: gray, standing for three equal channels; 3: red, green, blue. */
  readonly channels: 1 | 3;
  /** data[h,w,channels], 0..255. */
  readonly data: Uint8Array;
}

/** Pixels that are no whole numbers any more, as behind an augmentation. */
export interface FloatImage {
  readonly width: number;
  readonly height: number;
  /** As of a `PixelImage`. */
  readonly channels: 1 | 3;
  /** data[h,w,channels] */
  readonly data: Float32Array;
}

/** The image with three channels; a gray one has its channel repeated, as PIL's convert('RGB'). */
export function toRgb(image: PixelImage): PixelImage {
  if (image.channels === 3) return image;
  const { data, width, height } = image;
  const rgb = new Uint8Array(data.length * 3);
  for (let i = 0; i < data.length; i++) rgb.fill(data[i], i * 3, i * 3 + 3);
  return { width, height, channels: 3, data: rgb };
}
