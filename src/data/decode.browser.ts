/**
 * Image files to 8-bit pixels in a browser: for PNG the same bytes that the Node decoder gives, for JPEG what
 * the browser's decoder makes of it. The browser is shown only the parts that hold pixels, so it cannot apply
 * a gamma, a colour profile or a rotation. What a canvas would change is refused: it mends files that are cut
 * short, rounds 16-bit samples and loses the colour of transparent pixels.
 */
import { DataError, UsageError } from '../core/errors.js';
import type { PixelImage } from './pixels.js';

/** Most pixels of one image, as in the Node decoder. */
const PIXEL_LIMIT = 2 ** 28;
const PNG_SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
/** Bytes before the first chunk's length, of its length and type, and of its checksum. */
const CHUNK_HEAD = 8;
const CHUNK_TAIL = 4;
/** The chunks that hold the pixels. Left out are transparency, gamma, profiles and EXIF, which PIL ignores. */
const PIXEL_CHUNKS = new Set(['IHDR', 'PLTE', 'IDAT', 'IEND']);
/** JPEG frame headers: SOF0 to SOF15 but for DHT, JPG and DAC. */
const isFrameHeader = (marker: number) =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
/** APP1 to APP13: EXIF with its rotation, colour profiles. APP0 and APP14 say how the colours are coded. */
const isMetadata = (marker: number) => marker >= 0xe1 && marker <= 0xed;
const START_OF_SCAN = 0xda;
const END_OF_IMAGE = 0xd9;

/** What is stored, and the parts of the file that the browser shall see. */
interface Stored {
  channels: 1 | 3;
  parts: Uint8Array[];
}

/**
 * Decodes a PNG or JPEG; embedded colour profiles, gamma and EXIF rotation are ignored.
 * @param name what messages call it
 * @returns one channel when the file is stored in gray, else three
 * @throws DataError when it is empty, cut short, damaged, no PNG or JPEG, has 16 bits a sample, transparent
 *   pixels or CMYK; UsageError outside a browser
 */
export async function decodeBlob(blob: Blob, name = 'The image'): Promise<PixelImage> {
  if (typeof createImageBitmap !== 'function' || typeof OffscreenCanvas !== 'function') {
    throw new UsageError('decodeBlob needs a browser.', 'In Node use decodeFile of chexgpu/node.');
  }
  const bytes = new Uint8Array(await blob.arrayBuffer().catch((cause) => unreadable(name, cause)));
  const { channels, parts } = inspect(bytes, name);
  const pixels = new Blob(parts as Uint8Array<ArrayBuffer>[]);
  const bitmap = await createImageBitmap(pixels, {
    colorSpaceConversion: 'none',
    premultiplyAlpha: 'none',
  }).catch(() => damaged(name, 'the browser cannot decode it'));
  try {
    return readPixels(bitmap, channels, name);
  } finally {
    bitmap.close();
  }
}

function readPixels(bitmap: ImageBitmap, channels: 1 | 3, name: string): PixelImage {
  const { width, height } = bitmap;
  if (width * height > PIXEL_LIMIT) {
    throw new DataError(`${name} has ${width} x ${height} pixels.`, 'Make it smaller.');
  }
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  if (!context) {
    throw new DataError(`${name}, ${width} x ${height} pixels, fits no canvas here.`, 'Make it smaller.');
  }
  context.drawImage(bitmap, 0, 0);
  const rgba = context.getImageData(0, 0, width, height).data;
  const data = new Uint8Array(width * height * channels);
  for (let i = 0, o = 0; i < rgba.length; i += 4) {
    if (rgba[i + 3] !== 255) {
      throw new DataError(`${name} has transparent pixels.`, 'Save it without transparency.');
    }
    for (let c = 0; c < channels; c++) data[o++] = rgba[i + c];
  }
  return { width, height, channels, data };
}

function inspect(bytes: Uint8Array, name: string): Stored {
  if (bytes.length === 0) {
    throw new DataError(`${name} is empty (0 bytes).`, 'Fetch or copy the image again.');
  }
  if (PNG_SIGNATURE.every((byte, i) => bytes[i] === byte)) return inspectPng(bytes, name);
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return inspectJpeg(bytes, name);
  throw new DataError(`${name} is no PNG or JPEG.`, 'Convert it to PNG, 8 bits a sample.');
}

/** Walks the chunks: the header says what is stored, the checksums and IEND that all of it is there. */
function inspectPng(bytes: Uint8Array, name: string): Stored {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const parts = [bytes.subarray(0, PNG_SIGNATURE.length)];
  let at = PNG_SIGNATURE.length;
  let channels: 1 | 3 | undefined;
  while (at + CHUNK_HEAD + CHUNK_TAIL <= bytes.length) {
    const end = at + CHUNK_HEAD + view.getUint32(at);
    if (end + CHUNK_TAIL > bytes.length) break;
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + CHUNK_HEAD));
    if (crc32(bytes.subarray(at + 4, end)) !== view.getUint32(end)) {
      damaged(name, `the checksum of its ${type} chunk is wrong`);
    }
    if (PIXEL_CHUNKS.has(type)) parts.push(bytes.subarray(at, end + CHUNK_TAIL));
    if (type === 'IHDR') {
      const [bits, colorType] = bytes.subarray(at + CHUNK_HEAD + 8);
      if (bits === 16) {
        throw new DataError(`${name} has 16 bits a sample.`, 'Save it with 8 bits; in Node 16 can be read.');
      }
      channels = colorType === 0 || colorType === 4 ? 1 : 3;
    }
    if (type === 'IEND') return { channels: channels ?? damaged(name, 'it has no header'), parts };
    at = end + CHUNK_TAIL;
  }
  return damaged(name, 'the file ends too early');
}

/** Walks the segments to the first scan; behind it the end marker must come. */
function inspectJpeg(bytes: Uint8Array, name: string): Stored {
  const parts = [bytes.subarray(0, 2)];
  let components = 0;
  let at = 2;
  while (at + 4 <= bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1];
    if (marker === START_OF_SCAN) break;
    if (isFrameHeader(marker)) components = bytes[at + 9];
    // A fill byte may stand before a marker.
    const next = at + (marker === 0xff ? 1 : 2 + bytes[at + 2] * 256 + bytes[at + 3]);
    if (!isMetadata(marker)) parts.push(bytes.subarray(at, next));
    at = next;
  }
  let end = bytes.length - 2;
  while (end > at && !(bytes[end] === 0xff && bytes[end + 1] === END_OF_IMAGE)) end--;
  if (end <= at) damaged(name, 'the file ends too early');
  if (components !== 1 && components !== 3) {
    throw new DataError(`${name} is stored in CMYK, which no X-ray is.`, 'Convert it to gray or RGB.');
  }
  parts.push(bytes.subarray(at));
  return { channels: components, parts };
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let crc = n;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  return crc;
});

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = CRC_TABLE[(crc ^ byte) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}

function damaged(name: string, reason: string): never {
  throw new DataError(`${name} is damaged or cut short (${reason}).`, 'Fetch or copy it again.');
}

function unreadable(name: string, cause: unknown): never {
  throw new DataError(`${name} could not be read (${(cause as Error).message}).`, 'Choose it again.', {
    cause,
  });
}
