/**
 * Image files to 8-bit pixels exactly as PIL's `open(file).convert('RGB')` gives them: alpha and tRNS are
 * dropped without compositing, gAMA, ICC profiles and EXIF rotation are ignored, 16-bit gray saturates at 255
 * and 16-bit colour keeps its high byte. The last two can be had otherwise, see `Scaling`.
 */
import { ChexError } from '../../core/errors.js';
import { loadSharp } from '../../core/host/optionalPackages.node.js';
import { readRegularFile } from '../../core/readFile.node.js';
import { BYTE_LIMIT, damaged, type ImageHeader, PIXEL_LIMIT, readHeader } from './imageHeader.js';
import { checkScaling, type PixelFacts, type Scaling, type StoredImage } from './pixelFacts.js';
import type { PixelImage } from './pixels.js';
import { pixelsOf, type Samples } from './samples.js';

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
    if (cause instanceof ChexError) throw cause;
    return damaged(file, (cause as Error).message.split('\n')[0].trim(), cause);
  }
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
  const sharp = await loadSharp();
  const { data, info } = await sharp(Buffer.concat(parts), options)
    .toColourspace(space)
    .raw({ depth: wide ? 'ushort' : 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const values = wide ? new Uint16Array(data.buffer, data.byteOffset, data.length / 2) : new Uint8Array(data);
  return { data: values, width, height, channels, bits: wide ? 16 : 8 };
}

async function decode(header: ImageHeader, scaling: Scaling): Promise<DecodedImage> {
  const { stored } = header;
  const image = pixelsOf(await readSamples(header), stored, scaling);
  return { image, stored, transparent: image.facts.transparent };
}
