/** A small PNG writer, so that tests can make every kind of PNG without a library's opinion. */
import { deflateSync } from 'node:zlib';

export const GRAY = 0;
export const RGB = 2;
export const PALETTE = 3;
export const GRAY_ALPHA = 4;
export const RGB_ALPHA = 6;

export interface PngSpec {
  readonly width: number;
  readonly height: number;
  readonly bitDepth: 1 | 2 | 4 | 8 | 16;
  readonly colorType: number;
  /** samples[h,w,channels], each in 0..2^bitDepth-1. */
  readonly samples: ArrayLike<number>;
  /** palette[n,3] for colour type 3. */
  readonly palette?: readonly number[];
  /** Bytes of the tRNS chunk. */
  readonly transparency?: readonly number[];
  /** gAMA, as 100000 times the exponent. */
  readonly gamma?: number;
  /** Further chunks, written before the pixels. */
  readonly extra?: readonly { type: string; data: Uint8Array }[];
}

const CHANNELS: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

export function writePng(spec: PngSpec): Uint8Array {
  const { width, height, bitDepth, colorType } = spec;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([bitDepth, colorType, 0, 0, 0], 8);
  const chunks = [chunk('IHDR', header)];
  if (spec.gamma !== undefined) {
    const gamma = Buffer.alloc(4);
    gamma.writeUInt32BE(spec.gamma);
    chunks.push(chunk('gAMA', gamma));
  }
  for (const { type, data } of spec.extra ?? []) chunks.push(chunk(type, data));
  if (spec.palette) chunks.push(chunk('PLTE', Uint8Array.from(spec.palette)));
  if (spec.transparency) chunks.push(chunk('tRNS', Uint8Array.from(spec.transparency)));
  chunks.push(chunk('IDAT', deflateSync(scanlines(spec))), chunk('IEND', new Uint8Array(0)));
  return Buffer.concat([Uint8Array.from([137, 80, 78, 71, 13, 10, 26, 10]), ...chunks]);
}

/** Rows with filter type 0, samples packed high bits first. */
function scanlines(spec: PngSpec): Uint8Array {
  const perRow = spec.width * CHANNELS[spec.colorType];
  const rowBytes = Math.ceil((perRow * spec.bitDepth) / 8);
  const out = new Uint8Array(spec.height * (rowBytes + 1));
  for (let y = 0; y < spec.height; y++) {
    const start = y * (rowBytes + 1) + 1;
    for (let i = 0; i < perRow; i++) {
      const value = spec.samples[y * perRow + i];
      if (spec.bitDepth === 16) {
        out[start + 2 * i] = value >> 8;
        out[start + 2 * i + 1] = value & 255;
      } else {
        const bit = i * spec.bitDepth;
        out[start + (bit >> 3)] |= value << (8 - spec.bitDepth - (bit & 7));
      }
    }
  }
  return out;
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  out.set(body, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}

/** PNG's checksum, bit by bit: these files are small. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
