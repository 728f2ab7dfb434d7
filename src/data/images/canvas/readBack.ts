/** What a browser can draw, as numbers: through a canvas of our own. */
import { DataError, UsageError } from '../../../core/errors.js';

/**
 * The pixels of a source in sRGB, rgba[h,w,4], 8 bits. Those of opaque sources in sRGB are exact; under transparent
 * ones a canvas, which keeps colours multiplied by alpha, loses some.
 * @param source a picture, or a function that puts it on a canvas of this size
 * @param name what messages call it
 * @throws DataError where it is too large for a canvas, or of another origin; UsageError where it was closed
 */
export function readBack(
  source: CanvasImageSource | ((context: OffscreenCanvasRenderingContext2D) => void),
  { width, height }: { width: number; height: number },
  name: string,
): ImageData {
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  if (!context) {
    throw new DataError(`${name}, ${width} x ${height} pixels, fits no canvas here.`, 'Make it smaller.');
  }
  try {
    if (typeof source === 'function') source(context);
    else context.drawImage(source, 0, 0, width, height);
    return context.getImageData(0, 0, width, height);
  } catch (cause) {
    const { name: kind, message } = cause as Error;
    if (kind === 'SecurityError') {
      throw new DataError(
        `${name} holds pixels of another origin, which a page may not read.`,
        "Load them with crossOrigin = 'anonymous' from a server that allows it, or fetch the file and give the Blob.",
        { cause },
      );
    }
    if (kind !== 'InvalidStateError') throw cause;
    throw new UsageError(
      `${name} cannot be drawn: ${message}`,
      'Give it before it is closed or transferred.',
    );
  }
}
