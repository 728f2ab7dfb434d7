/**
 * Image files to 8-bit pixels in a browser: for PNG the same bytes that the Node decoder gives, for JPEG what
 * the browser's decoder makes of it. The browser is shown only the parts that hold pixels, so it cannot apply
 * a gamma, a colour profile or a rotation. What a canvas would change is refused, as it mends files that are cut
 * short and loses the colour of transparent pixels, or is decoded without it, as it rounds samples of 16 bits.
 */
import { DataError, UsageError } from '../../../core/errors.js';
import { crc32 } from '../../../core/packedBytes.js';
import { BYTE_LIMIT, type ImageHeader, pngChunks, readHeader } from '../imageHeader.js';
import { checkScaling, type PixelFacts, type Scaling } from '../pixelFacts.js';
import type { PixelImage } from '../pixels.js';
import { pixelsOf } from '../samples.js';
import { readBack } from './readBack.js';

const END_OF_IMAGE = 0xd9;

/**
 * Decodes a PNG or JPEG; embedded colour profiles, gamma and EXIF rotation are ignored.
 * @param name what messages call it
 * @param scaling how samples become pixels, as of `decodeFile`; default 'keras'
 * @returns one channel when the file is stored in gray, else three; with its facts, see `pixelFindings`
 * @throws DataError when it is empty, cut short, damaged, too large, no PNG or JPEG, has 8 bits and an alpha channel
 *   that hides something, or CMYK; UsageError for an unknown scaling, and outside a browser
 */
export async function decodeBlob(
  blob: Blob,
  name = 'The image',
  scaling: Scaling = 'keras',
): Promise<PixelImage & { readonly facts: PixelFacts }> {
  checkScaling(scaling);
  if (typeof createImageBitmap !== 'function' || typeof OffscreenCanvas !== 'function') {
    throw new UsageError('decodeBlob needs a browser.', 'In Node use decodeFile of chexgpu/node.');
  }
  if (blob.size > BYTE_LIMIT) {
    throw new DataError(
      `${name} has ${blob.size} bytes; at most ${BYTE_LIMIT} are read.`,
      'Make it smaller.',
    );
  }
  const bytes = new Uint8Array(await blob.arrayBuffer().catch((cause) => unreadable(name, cause)));
  const header = await readHeader(bytes, name);
  const { stored } = header;
  if (stored.format === 'png') checkPng(bytes, name);
  else checkEnd(bytes, name);
  if (stored.bits > 8) {
    const { decodePng16 } = await import('./png16.js');
    return pixelsOf(await decodePng16(bytes, header, name), stored, scaling);
  }
  const channels = stored.mode.startsWith('gray') ? 1 : 3;
  // Without the transparent colour of a tRNS chunk, which PIL ignores and a canvas would make black.
  const rgba = await readCanvas(
    header.parts.filter((part) => !isKey(part)),
    name,
  );
  if (!isOpaque(rgba.data)) {
    throw new DataError(
      `${name} has transparent pixels, and a browser loses the colour under them.`,
      'Save it without transparency; in Node it can be read.',
    );
  }
  const transparent =
    header.mayBeTransparent &&
    header.parts.some(isKey) &&
    !isOpaque((await readCanvas(header.parts, name)).data);
  const { width, height } = rgba;
  const data = new Uint8Array(width * height * channels);
  for (let i = 0, o = 0; o < data.length; i += 4) {
    for (let c = 0; c < channels; c++) data[o++] = rgba.data[i + c];
  }
  const pixels = pixelsOf({ data, width, height, channels, bits: 8 }, stored, scaling);
  return { ...pixels, facts: { ...pixels.facts, transparent } };
}

/** The browser's pixels of a file made of these parts, rgba[h,w,4]. */
async function readCanvas(parts: ImageHeader['parts'], name: string): Promise<ImageData> {
  const pixels = new Blob(parts as Uint8Array<ArrayBuffer>[]);
  const bitmap = await createImageBitmap(pixels, {
    colorSpaceConversion: 'none',
    premultiplyAlpha: 'none',
  }).catch(() => damaged(name, 'the browser cannot decode it'));
  try {
    return readBack(bitmap, bitmap, name);
  } finally {
    bitmap.close();
  }
}

function isOpaque(rgba: Uint8ClampedArray): boolean {
  for (let i = 3; i < rgba.length; i += 4) if (rgba[i] !== 255) return false;
  return true;
}

/** Whether it is a tRNS chunk. */
function isKey(part: Uint8Array): boolean {
  return String.fromCharCode(...part.subarray(4, 8)) === 'tRNS';
}

/** The checksums and IEND say that all of a PNG is there; a browser would show what there is. */
function checkPng(bytes: Uint8Array, name: string): void {
  let last = '';
  for (const { type, whole } of pngChunks(bytes)) {
    const view = new DataView(whole.buffer, whole.byteOffset, whole.length);
    if (crc32(whole.subarray(4, -4)) !== view.getUint32(whole.length - 4)) {
      damaged(name, `the checksum of its ${type} chunk is wrong`);
    }
    last = type;
  }
  if (last !== 'IEND') damaged(name, 'the file ends too early');
}

/** A JPEG must have its end marker. */
function checkEnd(bytes: Uint8Array, name: string): void {
  let end = bytes.length - 2;
  while (end > 0 && !(bytes[end] === 0xff && bytes[end + 1] === END_OF_IMAGE)) end--;
  if (end <= 0) damaged(name, 'the file ends too early');
}

function damaged(name: string, reason: string): never {
  throw new DataError(`${name} is damaged or cut short (${reason}).`, 'Fetch or copy it again.');
}

function unreadable(name: string, cause: unknown): never {
  throw new DataError(`${name} could not be read (${(cause as Error).message}).`, 'Choose it again.', {
    cause,
  });
}
