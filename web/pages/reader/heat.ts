/** A class activation map in colours, to lie over an X-ray. */
import { colourTable, type MapColours } from 'chexgpu';
import type { Explained } from './types.js';

/** Where the map is low the X-ray shows through; jet covers all of it alike, as the notebook does. */
function cover(colours: MapColours, value: number): number {
  return colours === 'jet' ? 255 : Math.round(255 * Math.min(1, 1.6 * value));
}

/** rgba of map[h,w] */
export function heatPixels(
  { map, width, height }: Pick<Explained, 'map' | 'width' | 'height'>,
  colours: MapColours,
): ImageData {
  const table = colourTable(colours);
  const image = new ImageData(width, height);
  map.forEach((value, i) => {
    const row = 3 * Math.min(255, Math.max(0, Math.floor(value * 256)));
    image.data.set([table[row], table[row + 1], table[row + 2], cover(colours, value)], 4 * i);
  });
  return image;
}
