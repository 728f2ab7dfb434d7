/** Files of which the header says too much: pixels, scans, bits, channels. */
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeBytes } from '../../../src/data/images/decode.node.js';
import { GRAY, RGB, writePng } from '../../support/files/png.js';

const bytes = (text: string) => Buffer.from(text, 'latin1');

/** A PNG whose pixels are all 0, of any size, without its scan lines ever being made. */
function hugePng(width: number, height: number, bitDepth: 1 | 8 | 16 = 8, colorType = GRAY): Uint8Array {
  const small = writePng({ width: 1, height: 1, bitDepth, colorType, samples: [0, 0, 0] });
  // The header's checksum is not looked at before its size.
  const view = new DataView(small.buffer, small.byteOffset, small.length);
  view.setUint32(16, width);
  view.setUint32(20, height);
  return small;
}

/** A JPEG with the size in its header replaced. */
async function hugeJpeg(width: number, height: number): Promise<Uint8Array> {
  const raw = { width: 8, height: 8, channels: 3 as const };
  const jpeg = await sharp(new Uint8Array(192), { raw }).jpeg().toBuffer();
  const frame = jpeg.indexOf(Buffer.from([0xff, 0xc0]));
  jpeg.writeUInt16BE(height, frame + 5);
  jpeg.writeUInt16BE(width, frame + 7);
  return jpeg;
}

describe('files of which the header says that they are too large', () => {
  it.each<[string, () => Uint8Array | Promise<Uint8Array>]>([
    ['16384 x 16384', () => hugePng(16384, 16384)],
    ['30000 x 30000', () => hugePng(30000, 30000, 1)],
    ['2147483647 x 2147483647', () => hugePng(2 ** 31 - 1, 2 ** 31 - 1)],
    ['67108865 x 1', () => hugePng(2 ** 26 + 1, 1)],
    ['7000 x 7000', () => hugePng(7000, 7000, 16, RGB)],
    ['65500 x 65500', () => hugeJpeg(65500, 65500)],
    ['0 x 5', () => hugePng(0, 5)],
  ])('%s pixels are refused, and nothing of that size is made', async (size, make) => {
    const content = await make();
    const before = process.memoryUsage().rss;
    await expect(decodeBytes(content, 'huge.png')).rejects.toThrow(new RegExp(`huge\\.png .*${size} pixels`));
    expect(process.memoryUsage().rss - before).toBeLessThan(2 ** 26);
  });

  it('never unpacks texts and profiles', async () => {
    const bomb = deflateSync(new Uint8Array(2 ** 27), { level: 9 });
    const samples = [1, 2, 3, 4];
    const packed = (head: string) => Buffer.concat([bytes(head), bomb]);
    const png = writePng({
      width: 2,
      height: 2,
      bitDepth: 8,
      colorType: GRAY,
      samples,
      extra: [
        { type: 'zTXt', data: packed('Comment\0\0') },
        { type: 'iCCP', data: packed('icc\0\0') },
        { type: 'iTXt', data: packed('Comment\0\x01\0\0\0') },
      ],
    });
    const before = process.memoryUsage().rss;
    expect([...(await decodeBytes(png, 'a.png')).image.data]).toEqual(samples);
    expect(process.memoryUsage().rss - before).toBeLessThan(2 ** 26);
  });

  it('counts the scans of a JPEG', async () => {
    const noise = Uint8Array.from({ length: 64 * 64 }, (_, i) => (i * 7919) % 251);
    const raw = { width: 64, height: 64, channels: 1 as const };
    const jpeg = await sharp(noise, { raw }).toColourspace('b-w').jpeg({ progressive: true }).toBuffer();
    expect((await decodeBytes(jpeg, 'a.jpg')).stored).toMatchObject({
      format: 'jpeg',
      mode: 'gray',
      bits: 8,
    });
    const scan = bytes('\xff\xda\0\x08\x01\x01\0\0\0\0');
    const many = Buffer.concat([jpeg.subarray(0, -2), ...new Array(5000).fill(scan), jpeg.subarray(-2)]);
    await expect(decodeBytes(many, 'a.jpg')).rejects.toThrow(/a\.jpg has 5,\d+ scans/);
  });

  it('names JPEGs of 12 bits and of two channels', async () => {
    const jpeg = Buffer.from(await hugeJpeg(8, 8));
    const frame = jpeg.indexOf(Buffer.from([0xff, 0xc0]));
    jpeg[frame + 4] = 12;
    await expect(decodeBytes(jpeg, 'a.jpg')).rejects.toThrow(/12 bits per sample/);
    jpeg[frame + 4] = 8;
    jpeg[frame + 9] = 2;
    await expect(decodeBytes(jpeg, 'a.jpg')).rejects.toThrow(/2 channels/);
  });
});
