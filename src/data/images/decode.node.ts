/**
 * Image files to 8-bit pixels exactly as PIL's `open(file).convert('RGB')` gives them: alpha and tRNS are
 * dropped without compositing, gAMA, ICC profiles and EXIF rotation are ignored, 16-bit gray saturates at 255
 * and 16-bit colour keeps its high byte. The last two can be had otherwise, see `Scaling`.
 */
import sharp from 'sharp';
import { DataError } from '../../core/errors.js';
import { readRegularFile } from '../../core/readFile.node.js';
import { BYTE_LIMIT, damaged, type ImageHeader, PIXEL_LIMIT, readHeader } from './imageHeader.js';
import { checkScaling, contentFacts, type PixelFacts, type Scaling, type StoredImage } from './pixelFacts.js';
import type { PixelImage } from './pixels.js';

/** Pixels of an image file, and what the file says of itself. */
export interface DecodedImage {
  readonly image: PixelImage & { readonly facts: PixelFacts };
  readonly stored: StoredImage;
  /** Whether an alpha channel holds anything but full opacity, which the conversion ignores. */
  readonly transparent: boolean;
}

/**
 * Reads and decodes an image file.
 * @param scaling default 'keras'
 * @returns one channel when the file is gray, else three
 * @throws DataError naming the file when it is missing, no regular file, empty, cut short, damaged, CMYK, no PNG
 *   or JPEG, or larger than 2^26 pixels; UsageError for an unknown scaling
 */
export async function decodeFile(file: string, scaling?: Scaling): Promise<DecodedImage> {
  return decodeBytes(await readImageFile(file), file, scaling);
}

/** The bytes of an image file. @throws DataError naming the file when it cannot be read */
export function readImageFile(file: string): Promise<Uint8Array> {
  return readRegularFile(file, {
    limit: BYTE_LIMIT,
    hint: 'Check the image folder and the name in the CSV.',
  });
}

/** As `decodeFile`, of bytes already read; `file` is named in messages. */
export async function decodeBytes(
  bytes: Uint8Array,
  file: string,
  scaling: Scaling = 'keras',
): Promise<DecodedImage> {
  checkScaling(scaling);
  const header = await readHeader(bytes, file);
  try {
    return await decode(header, scaling);
  } catch (cause) {
    if (cause instanceof DataError) throw cause;
    return damaged(file, (cause as Error).message.split('\n')[0].trim(), cause);
  }
}

/** Samples as stored, alpha among them. */
interface Samples {
  readonly data: Uint8Array | Uint16Array;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

async function readSamples({ stored, parts, mayBeTransparent }: ImageHeader): Promise<Samples> {
  const wide = stored.bits > 8;
  // Named as it is stored, so that libvips converts nothing; but gray as three equal channels where there is
  // an alpha channel, which sharp would drop from gray.
  const gray = stored.mode.startsWith('gray') && !mayBeTransparent;
  const space = wide ? (gray ? 'grey16' : 'rgb16') : gray ? 'b-w' : 'srgb';
  const options = {
    failOn: 'error',
    ignoreIcc: true,
    autoOrient: false,
    limitInputPixels: PIXEL_LIMIT,
  } as const;
  const { data, info } = await sharp(Buffer.concat(parts), options)
    .toColourspace(space)
    .raw({ depth: wide ? 'ushort' : 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const values = wide ? new Uint16Array(data.buffer, data.byteOffset, data.length / 2) : new Uint8Array(data);
  return { data: values, width, height, channels };
}

async function decode(header: ImageHeader, scaling: Scaling): Promise<DecodedImage> {
  const { stored } = header;
  const samples = await readSamples(header);
  const channels = stored.mode.startsWith('gray') ? 1 : 3;
  const wide = samples.data instanceof Uint16Array;
  const alike = !wide && samples.channels === channels && scaling !== 'range';
  const { pixels, transparent, clipped } = alike
    ? { pixels: samples.data as Uint8Array, transparent: false, clipped: 0 }
    : convert(
        samples,
        channels,
        narrowing(samples, channels, stored, scaling),
        scaling === 'keras' && stored.mode === 'gray',
      );
  const facts: PixelFacts = { ...stored, scaling, transparent, clipped, ...contentFacts(pixels, channels) };
  const { width, height } = samples;
  return { image: { width, height, channels, data: pixels, facts }, stored, transparent };
}

/** Drops alpha and makes bytes of the samples. */
function convert(
  { data, width, height, channels: stored }: Samples,
  channels: 1 | 3,
  narrow: (sample: number) => number,
  clips: boolean,
): { pixels: Uint8Array; transparent: boolean; clipped: number } {
  const alphaAt = stored % 2 === 0 ? stored - 1 : undefined;
  const opaque = data instanceof Uint16Array ? 65535 : 255;
  const pixels = new Uint8Array(width * height * channels);
  let transparent = false;
  let above = 0;
  for (let i = 0, o = 0; o < pixels.length; i += stored) {
    if (clips && data[i] > 255) above++;
    for (let c = 0; c < channels; c++) pixels[o++] = narrow(data[i + c]);
    if (alphaAt !== undefined && data[i + alphaAt] !== opaque) transparent = true;
  }
  return { pixels, transparent, clipped: above / (width * height) };
}

/** PIL holds 16-bit gray as 32-bit integers and clips them; 16-bit files with more channels lose the low byte. */
function narrowing(
  samples: Samples,
  channels: 1 | 3,
  { mode }: StoredImage,
  scaling: Scaling,
): (sample: number) => number {
  if (scaling === 'range') return stretch(samples, channels);
  if (!(samples.data instanceof Uint16Array)) return (sample) => sample;
  if (scaling === 'keras' && mode === 'gray') return (sample) => Math.min(sample, 255);
  return (sample) => sample >> 8;
}

/** From the least sample to the largest, of all colours together; an image of one value becomes black. */
function stretch({ data, channels: stored }: Samples, channels: 1 | 3): (sample: number) => number {
  let min = 65535;
  let max = 0;
  for (let i = 0; i < data.length; i += stored) {
    for (let c = 0; c < channels; c++) {
      min = Math.min(min, data[i + c]);
      max = Math.max(max, data[i + c]);
    }
  }
  if (min === max) return () => 0;
  return (sample) => Math.round(((sample - min) * 255) / (max - min));
}
