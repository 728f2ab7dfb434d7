/** Pixels as a worker's canvases take them. */
import type { PixelImage } from 'chexgpu';
import { SHOWN_SIDE } from '../types.js';

export function rgbaOf({ width, height, channels, data }: PixelImage): ImageData {
  const rgba = new ImageData(width, height);
  for (let i = 0, from = 0; i < width * height; i++, from += channels) {
    rgba.data[4 * i] = data[from];
    rgba.data[4 * i + 1] = data[from + (channels === 3 ? 1 : 0)];
    rgba.data[4 * i + 2] = data[from + (channels === 3 ? 2 : 0)];
    rgba.data[4 * i + 3] = 255;
  }
  return rgba;
}

export function filmCanvas(image: PixelImage): OffscreenCanvas {
  const canvas = new OffscreenCanvas(image.width, image.height);
  canvas.getContext('2d')?.putImageData(rgbaOf(image), 0, 0);
  return canvas;
}

/** As it is shown: no larger than a screen needs. */
export async function shownBitmap(image: PixelImage): Promise<ImageBitmap> {
  const { width, height } = image;
  const scale = Math.min(1, SHOWN_SIDE / Math.max(width, height));
  return createImageBitmap(rgbaOf(image), {
    resizeWidth: Math.max(1, Math.round(width * scale)),
    resizeHeight: Math.max(1, Math.round(height * scale)),
    resizeQuality: 'high',
  });
}
