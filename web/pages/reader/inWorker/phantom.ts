/** A drawn X-ray as it is shown. */
import type { PixelImage } from 'chexgpu';
import { drawPhantom, type PhantomSpec } from 'chexgpu/phantoms';
import type { TrueBox } from '../types.js';

/** Side in pixels; like that of a file it has nothing to do with what the network takes. */
const SIDE = 512;

/** With the true places of its findings. */
export function shownPhantom(spec: PhantomSpec): { image: PixelImage; boxes: TrueBox[] } {
  const { pixels, boxes } = drawPhantom(spec, SIDE);
  return {
    image: { width: SIDE, height: SIDE, channels: 1, data: pixels },
    boxes: boxes.map(({ label, x, y, w, h }) => ({
      label,
      x: x / SIDE,
      y: y / SIDE,
      w: w / SIDE,
      h: h / SIDE,
    })),
  };
}
