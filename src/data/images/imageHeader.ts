/**
 * What a PNG or JPEG says of itself before a pixel is decoded: size, depth, channels. Files that are something
 * else are named as what they are, and those that would need too much memory are refused by their header.
 *
 * Of both formats only the parts that hold pixels are handed on to a decoder: gamma, colour profiles, rotation,
 * texts and animation, which PIL's convert('RGB') ignores, can then neither change anything nor blow up.
 */

import { DataError } from '../../core/errors.js';
import { byteSize, whole } from '../../core/formatting.js';
import type { StoredImage } from './pixelFacts.js';

/** Most pixels of one image: 8192 x 8192. The largest X-ray detectors have a third of that. */
export const PIXEL_LIMIT = 2 ** 26;
/** Most bytes of the decoded samples, and of the file. */
export const BYTE_LIMIT = 2 ** 28;
/** Most scans of a progressive JPEG; encoders make about ten, and each costs a pass over the whole image. */
const SCAN_LIMIT = 100;

export interface ImageHeader {
  readonly stored: StoredImage;
  readonly width: number;
  readonly height: number;
  /** There is an alpha channel or a tRNS chunk. */
  readonly mayBeTransparent: boolean;
  /** The parts of the file that hold pixels, in order. */
  readonly parts: readonly Uint8Array[];
}

const PNG_SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
/** Bytes of a chunk's length and type, and of its checksum. */
const CHUNK_HEAD = 8;
const CHUNK_TAIL = 4;
/** PNG's colour types. */
const PNG_MODES: Readonly<Record<number, StoredImage['mode']>> = {
  0: 'gray',
  2: 'rgb',
  3: 'palette',
  4: 'gray+alpha',
  6: 'rgba',
};
const PIXEL_CHUNKS = new Set(['IHDR', 'PLTE', 'tRNS', 'IDAT', 'IEND']);

const START_OF_SCAN = 0xda;
/** JPEG frame headers: SOF0 to SOF15 but for DHT, JPG and DAC; SOF55 of JPEG-LS. */
const isFrameHeader = (marker: number) =>
  (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) ||
  marker === 0xf7;
/** APP1 to APP13: EXIF with its rotation, colour profiles. APP0 and APP14 say how the colours are coded. */
const isMetadata = (marker: number) => marker >= 0xe1 && marker <= 0xed;
/** Baseline, extended and progressive, in Huffman or arithmetic coding; all others are lossless or hierarchical. */
const USUAL_FRAMES = new Set([0xc0, 0xc1, 0xc2, 0xc9, 0xca]);

/**
 * Reads the header of a PNG or JPEG.
 * @param name what messages call the file
 * @throws DataError when it is empty, no PNG or JPEG (saying what it is), of a kind that is not read, or larger
 *   than `PIXEL_LIMIT` and `BYTE_LIMIT` allow
 */
export async function readHeader(bytes: Uint8Array, name: string): Promise<ImageHeader> {
  if (bytes.length === 0) {
    throw new DataError(`${name} is empty (0 bytes).`, 'Fetch or copy the image again.');
  }
  const header = isPng(bytes)
    ? pngHeader(bytes, name)
    : isJpeg(bytes)
      ? jpegHeader(bytes, name)
      : await refuse(bytes, name);
  refuseGiants(header, name);
  return header;
}

async function refuse(bytes: Uint8Array, name: string): Promise<never> {
  // Only here, so that a page which is shown images does not load it.
  const { fileKind } = await import('./fileKind.js');
  const kind = fileKind(bytes);
  if (kind) throw new DataError(`${name} is ${kind.what}; PNG and JPEG are read.`, kind.hint);
  return damaged(name, 'it is no PNG or JPEG');
}

const isPng = (bytes: Uint8Array) => PNG_SIGNATURE.every((byte, i) => bytes[i] === byte);
const isJpeg = (bytes: Uint8Array) => bytes[0] === 0xff && bytes[1] === 0xd8;

function refuseGiants({ width, height, stored, mayBeTransparent }: ImageHeader, name: string): void {
  if (width === 0 || height === 0) damaged(name, `its header says ${width} x ${height} pixels`);
  // As decoders give them: palettes looked up, a transparent colour turned into an alpha channel.
  const channels = stored.mode.startsWith('gray') && !mayBeTransparent ? 1 : 4;
  const bytes = width * height * channels * (stored.bits > 8 ? 2 : 1);
  if (width * height <= PIXEL_LIMIT && bytes <= BYTE_LIMIT) return;
  const depth = stored.bits > 8 ? ` of ${stored.bits} bits` : '';
  throw new DataError(
    `${name} has ${width} x ${height} pixels${depth}, ` +
      `more than is read (8192 x 8192, and ${byteSize(BYTE_LIMIT)} decoded).`,
    'Make it smaller.',
  );
}

interface Chunk {
  readonly type: string;
  /** From the length to the checksum. */
  readonly whole: Uint8Array;
}

/** The chunks of a PNG that are there as a whole, up to IEND. */
export function* pngChunks(bytes: Uint8Array): Generator<Chunk> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = PNG_SIGNATURE.length;
  while (at + CHUNK_HEAD + CHUNK_TAIL <= bytes.length) {
    const end = at + CHUNK_HEAD + view.getUint32(at) + CHUNK_TAIL;
    if (end > bytes.length) return;
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + CHUNK_HEAD));
    yield { type, whole: bytes.subarray(at, end) };
    if (type === 'IEND') return;
    at = end;
  }
}

/** What is cut short is handed on as it is: the decoder says so. */
function pngHeader(bytes: Uint8Array, name: string): ImageHeader {
  const parts = [bytes.subarray(0, PNG_SIGNATURE.length)];
  let end = PNG_SIGNATURE.length;
  let ended = false;
  let key = false;
  let header: Uint8Array | undefined;
  for (const { type, whole } of pngChunks(bytes)) {
    if (header === undefined && type !== 'IHDR') break;
    if (type === 'IHDR') header ??= whole.subarray(CHUNK_HEAD);
    if (PIXEL_CHUNKS.has(type)) parts.push(whole);
    end = whole.byteOffset - bytes.byteOffset + whole.length;
    ended = type === 'IEND';
    key ||= type === 'tRNS';
  }
  if (header === undefined) return damaged(name, 'it has no header');
  if (!ended) parts.push(bytes.subarray(end));
  const view = new DataView(header.buffer, header.byteOffset, header.length);
  if (header.length < 13 + CHUNK_TAIL) damaged(name, 'its header is too short');
  const [bits, colorType] = header.subarray(8);
  const mode = PNG_MODES[colorType] ?? damaged(name, `its header says colour type ${colorType}`);
  const stored = { format: 'png', mode, bits };
  const mayBeTransparent = key || mode === 'rgba' || mode === 'gray+alpha';
  return { stored, width: view.getUint32(0), height: view.getUint32(4), mayBeTransparent, parts };
}

/** Walks the segments to the first scan. */
function jpegHeader(bytes: Uint8Array, name: string): ImageHeader {
  const parts = [bytes.subarray(0, 2)];
  let frame: { marker: number; at: number } | undefined;
  let at = 2;
  while (at + 4 <= bytes.length) {
    const start = bytes.indexOf(0xff, at);
    if (start < 0) break;
    // Stray bytes before a marker are passed over by every decoder.
    if (start > at) parts.push(bytes.subarray(at, start));
    at = start;
    const marker = bytes[at + 1];
    if (marker === START_OF_SCAN) break;
    if (isFrameHeader(marker)) frame = { marker, at };
    // A fill byte may stand before a marker.
    const next = at + (marker === 0xff ? 1 : 2 + bytes[at + 2] * 256 + bytes[at + 3]);
    if (!isMetadata(marker)) parts.push(bytes.subarray(at, next));
    at = next;
  }
  if (frame === undefined || frame.at + 10 > bytes.length) return damaged(name, 'the file ends too early');
  parts.push(bytes.subarray(at));
  const [bits, heightHigh, heightLow, widthHigh, widthLow, components] = bytes.subarray(frame.at + 4);
  refuseKind(frame.marker, bits, components, name);
  const scans = countScans(bytes, at);
  if (scans > SCAN_LIMIT) {
    throw new DataError(
      `${name} has ${whole(scans)} scans; at most ${SCAN_LIMIT} are read.`,
      'Save it again as a plain JPEG or a PNG.',
    );
  }
  const stored = { format: 'jpeg', mode: components === 1 ? ('gray' as const) : ('rgb' as const), bits };
  const width = widthHigh * 256 + widthLow;
  return { stored, width, height: heightHigh * 256 + heightLow, mayBeTransparent: false, parts };
}

function refuseKind(marker: number, bits: number, components: number, name: string): void {
  if (!USUAL_FRAMES.has(marker)) {
    throw new DataError(`${name} is a lossless or hierarchical JPEG, as inside DICOM.`, 'Convert it to PNG.');
  }
  if (bits !== 8) {
    throw new DataError(`${name} is a JPEG of ${bits} bits per sample; 8 are read.`, 'Convert it to PNG.');
  }
  if (components === 4) {
    throw new DataError(`${name} is stored in CMYK, which no X-ray is.`, 'Convert it to gray or RGB.');
  }
  if (components !== 1 && components !== 3) {
    throw new DataError(`${name} is a JPEG of ${components} channels.`, 'Convert it to gray or RGB.');
  }
}

function countScans(bytes: Uint8Array, from: number): number {
  let scans = 0;
  for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    if (bytes[at + 1] === START_OF_SCAN) scans++;
  }
  return scans;
}

export function damaged(name: string, reason: string, cause?: unknown): never {
  throw new DataError(`${name} is damaged, cut short or no image (${reason}).`, 'Fetch or copy it again.', {
    cause,
  });
}
