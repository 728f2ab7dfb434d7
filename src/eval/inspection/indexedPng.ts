/**
 * A PNG with a palette, one byte per pixel: exact, and a third of the size of one without. By hand, as sharp only makes
 * palettes by rounding colours.
 */
import { crc32 } from '../../core/packedBytes.js';

export interface IndexedPicture {
  width: number;
  height: number;
  /** indices[height,width] into the palette. */
  indices: Uint8Array;
  /** rgb[n,3], at most 256 colours. */
  palette: Uint8Array;
  /** The index that nothing is drawn for. */
  transparent: number;
}

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const PALETTE_KIND = 3;

/** PNG, second edition (W3C, 2003): chunks IHDR, PLTE, tRNS, IDAT, IEND. */
export async function indexedPng(picture: IndexedPicture): Promise<Uint8Array> {
  const { width, height, indices, palette, transparent } = picture;
  const header = new Uint8Array(13);
  new DataView(header.buffer).setUint32(0, width);
  new DataView(header.buffer).setUint32(4, height);
  header.set([8, PALETTE_KIND, 0, 0, 0], 8);
  // Each row begins with its filter: none.
  const rows = new Uint8Array(height * (width + 1));
  for (let y = 0; y < height; y++) {
    rows.set(indices.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  }
  const alpha = new Uint8Array(transparent + 1).fill(255);
  alpha[transparent] = 0;
  const packed = new Blob([rows]).stream().pipeThrough(new CompressionStream('deflate'));
  const pixels = new Uint8Array(await new Response(packed).arrayBuffer());
  const chunks = [
    chunk('IHDR', header),
    chunk('PLTE', palette),
    chunk('tRNS', alpha),
    chunk('IDAT', pixels),
    chunk('IEND', new Uint8Array()),
  ];
  return new Uint8Array(await new Blob([SIGNATURE, ...chunks]).arrayBuffer());
}

/** Length, type, data, and the CRC of type and data. */
function chunk(type: string, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const made = new Uint8Array(12 + data.length);
  const view = new DataView(made.buffer);
  view.setUint32(0, data.length);
  made.set(new TextEncoder().encode(type), 4);
  made.set(data, 8);
  view.setUint32(8 + data.length, crc32(made.subarray(4, 8 + data.length)));
  return made;
}
