import { colourTable, type MapColours } from 'chexgpu';
import { context2d } from '../../parts/canvas.js';

/** Draws the colours from 0 to 1 along a canvas of 256 x 1 pixels. */
export function colourBar(canvas: Element | undefined, colours: MapColours): void {
  if (!(canvas instanceof HTMLCanvasElement)) return;
  const table = colourTable(colours);
  const image = new ImageData(256, 1);
  for (let i = 0; i < 256; i++) image.data.set([...table.subarray(3 * i, 3 * i + 3), 255], 4 * i);
  context2d(canvas).putImageData(image, 0, 0);
}
