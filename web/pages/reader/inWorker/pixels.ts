/** Pixels as a worker's canvases take them. */
import type { PixelImage } from 'chexgpu';

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
