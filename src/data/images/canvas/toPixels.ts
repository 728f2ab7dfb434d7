/** Whatever a program has of an X-ray, as the 8-bit pixels that `xrayBatch` takes. */
import { kindOf, requireFields, requireObject, shown, wholeNumber } from '../../../core/arguments.js';
import { DataError, UsageError } from '../../../core/errors.js';
import { PIXEL_LIMIT } from '../imageHeader.js';
import { checkScaling, type PixelFacts, type Scaling, type StoredImage } from '../pixelFacts.js';
import { firstChannel, type PixelImage } from '../pixels.js';
import { pixelsOf } from '../samples.js';
import { readBack } from './readBack.js';

/** What `toPixels` takes. */
export type PixelSource =
  | ImageData
  | ImageBitmap
  | HTMLCanvasElement
  | OffscreenCanvas
  | VideoFrame
  | Blob
  | Uint8Array
  | Uint8ClampedArray
  | Uint16Array;

/** What an array of samples[h,w,channels] does not say itself, and what messages call the image. */
export interface ToPixelsOptions {
  width?: number;
  height?: number;
  /** 1: gray, the default; 2: gray and alpha; 3: red, green, blue; 4: and alpha. */
  channels?: 1 | 2 | 3 | 4;
  /** That samples use, 8 to 16: 12 of most X-ray detectors. Default: 8 of bytes, 16 of a Uint16Array. */
  bits?: number;
  /** How samples of more than 8 bits, in arrays and files, become pixels; default `depth`, their highest 8 bits. */
  scaling?: Scaling;
  name?: string;
}

type Pixels = PixelImage & { readonly facts: PixelFacts };

const OF_ARRAYS = ['width', 'height', 'channels', 'bits'] as const;
const FIELDS = [...OF_ARRAYS, 'scaling', 'name'];
const MODES: readonly StoredImage['mode'][] = ['gray', 'gray+alpha', 'rgb', 'rgba'];

/**
 * Pixels 0..255 with what was lost on the way (`facts`, see `pixelFindings`). Alpha is dropped as from files, where the
 * colour under it is known: of arrays and of ImageData. Pictures that a browser draws (ImageBitmap, canvas, VideoFrame)
 * come through a canvas: exact where they are opaque, in sRGB, and refused where they are not. Coloured numbers of
 * `display-p3` become sRGB as the browser converts them. Of pictures without colours one channel is kept.
 * @throws UsageError for what is no such source, for one that was closed, transferred or has no pixels, for options of
 *   arrays beside what says them itself, and outside a browser for what only a browser has; DataError for transparent
 *   pictures, pixels of another origin, arrays of another length than their sides say or with numbers beyond their
 *   depth; as `decodeBlob` for a Blob
 */
export async function toPixels(source: PixelSource, options: ToPixelsOptions = {}): Promise<Pixels> {
  requireFields('The options of toPixels', options, FIELDS);
  const { name = 'The image', scaling = 'depth' } = options;
  checkScaling(scaling);
  const kind = kindOf(source);
  if (/^Uint(8|8Clamped|16)Array$/.test(kind)) return ofArray(source as Uint16Array, options, name);
  const sides = sidesOf(kind, source);
  if (sides || /^(Blob|File|ImageData)$/.test(kind)) refuseOfArrays(options, source, name);
  if (kind === 'Blob' || kind === 'File') {
    const { decodeBlob } = await import('./decodeBlob.js');
    return decodeBlob(source as Blob, name, scaling);
  }
  if (kind === 'ImageData') return ofImageData(source as ImageData, name);
  if (sides) return ofPicture(source as ImageBitmap, sides, name);
  const hints: Record<string, string> = {
    HTMLImageElement:
      'Fetch its src and give the Blob: drawn, its colours may have been converted and it was turned.',
    Float32Array: 'Scale it to whole numbers: Uint16Array.from(x, (v) => Math.round(v * 65535)).',
    Array: 'Make it a Uint8Array or a Uint16Array.',
  };
  throw new UsageError(
    `${name} is ${shown(source)}, no ImageData, ImageBitmap, canvas, VideoFrame, Blob, Uint8Array or Uint16Array.`,
    hints[kind] ?? '',
  );
}

/** Pictures and files say themselves what they are, and come in their own size. */
function refuseOfArrays(options: ToPixelsOptions, source: unknown, name: string): void {
  const isFile = /^(Blob|File)$/.test(kindOf(source));
  const idle = [...OF_ARRAYS, ...(isFile ? [] : ['scaling' as const])].find(
    (field) => options[field] !== undefined,
  );
  if (idle === undefined) return;
  throw new UsageError(
    `${name} is ${shown(source)}, and ${idle} is said of arrays${idle === 'scaling' ? ' and files' : ''} alone.`,
    'Leave it out; `resize` brings pixels to another size.',
  );
}

/** Of what a browser can draw; undefined for anything else. */
function sidesOf(kind: string, source: unknown): { width: number; height: number } | undefined {
  if (kind === 'VideoFrame') {
    const { displayWidth, displayHeight } = source as VideoFrame;
    return { width: displayWidth, height: displayHeight };
  }
  const known = ['ImageBitmap', 'HTMLCanvasElement', 'OffscreenCanvas'].includes(kind);
  return known ? (source as ImageBitmap) : undefined;
}

function requirePixels({ width, height }: { width: number; height: number }, name: string): void {
  if (width === 0 || height === 0) {
    throw new UsageError(
      `${name} has no pixels (${width} x ${height}).`,
      'Give it before it is closed or transferred, and after something was drawn.',
    );
  }
  if (width * height <= PIXEL_LIMIT) return;
  throw new DataError(`${name} has ${width} x ${height} pixels, more than is read.`, 'Make it smaller.');
}

function ofPicture(
  source: CanvasImageSource,
  sides: { width: number; height: number },
  name: string,
): Pixels {
  requirePixels(sides, name);
  const { data } = readBack(source, sides, name);
  return refuseTransparent(ofRgba(data, sides, 'canvas'), name);
}

function ofImageData(image: ImageData, name: string): Pixels {
  const { data, width, height, colorSpace } = image;
  if (kindOf(data) !== 'Uint8ClampedArray') {
    throw new UsageError(`${name} holds ${shown(data)}.`, "Ask for it with pixelFormat: 'rgba-unorm8'.");
  }
  if (data.length === 0) throw new UsageError(`${name}: the memory of this ImageData was transferred.`);
  requirePixels(image, name);
  const pixels = ofRgba(data, image, 'ImageData');
  if (colorSpace !== 'display-p3' || pixels.facts.grayContent) return pixels;
  // Gray is the same numbers in both.
  const { data: converted } = readBack(
    (context) => context.putImageData(image, 0, 0),
    { width, height },
    name,
  );
  return refuseTransparent(ofRgba(converted, image, 'ImageData'), name);
}

function refuseTransparent(pixels: Pixels, name: string): Pixels {
  if (!pixels.facts.transparent) return pixels;
  throw new DataError(
    `${name} has transparent pixels, and a browser loses the colour under them.`,
    "Draw it on an opaque ground: getContext('2d', { alpha: false }).",
  );
}

/** One channel where the content has no colours. */
function ofRgba(
  rgba: Uint8ClampedArray,
  { width, height }: { width: number; height: number },
  format: string,
): Pixels {
  const bytes = new Uint8Array(rgba.buffer, rgba.byteOffset, rgba.length);
  const stored = { format, mode: 'rgba', bits: 8 } as const;
  const pixels = pixelsOf({ data: bytes, width, height, channels: 4, bits: 8 }, stored, 'keras');
  return pixels.facts.grayContent ? { ...firstChannel<PixelImage>(pixels), facts: pixels.facts } : pixels;
}

function ofArray(given: Uint8Array | Uint16Array, options: ToPixelsOptions, name: string): Pixels {
  requireObject('The options of toPixels', options);
  const width = wholeNumber(`${name}: width`, options.width, 1);
  const height = wholeNumber(`${name}: height`, options.height, 1);
  const channels = wholeNumber(`${name}: channels`, options.channels ?? 1, 1, 4);
  const most = 8 * given.BYTES_PER_ELEMENT;
  const bits = wholeNumber(`${name}: bits`, options.bits ?? most, 8, most);
  const { scaling = 'depth' } = options;
  requirePixels({ width, height }, name);
  const sides = `${width} x ${height} pixels of ${channels} channels`;
  if (given.length !== width * height * channels) {
    throw new DataError(
      `${name} has ${given.length} samples where ${sides} are ${width * height * channels}.`,
    );
  }
  const beyond = bits === most ? -1 : given.findIndex((sample) => sample >= 2 ** bits);
  if (beyond >= 0) {
    throw new DataError(
      `${name}: sample ${beyond} is ${given[beyond]}; ${bits} bits go to ${2 ** bits - 1}.`,
    );
  }
  // Of its own, and of the very type also where it was clamped.
  const data = bits === 8 ? Uint8Array.from(given) : (given as Uint16Array);
  const stored = { format: 'array', mode: MODES[channels - 1], bits };
  return pixelsOf({ data, width, height, channels, bits }, stored, scaling);
}
