/** Files that are no image of ours, or would never end, or would take all of the memory. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataError } from '../../../src/core/errors.js';
import { decodeBytes, decodeFile } from '../../../src/data/images/decode.node.js';
import { GRAY, RGB, writePng } from '../../support/files/png.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chexgpu-odd-'));
});
afterAll(() => rm(folder, { recursive: true }));

const bytes = (text: string) => Buffer.from(text, 'latin1');
const at = (offset: number, text: string) =>
  Buffer.concat([Buffer.alloc(offset), bytes(text), Buffer.alloc(99)]);

describe('a file that is no PNG or JPEG is named as what it is, whatever its name', () => {
  it.each<[what: RegExp, content: Uint8Array]>([
    [/DICOM/, at(128, 'DICM')],
    [/DICOM/, bytes('\x08\0\x05\0\x0a\0\0\0ISO_IR 100\x08\0\x16\0')],
    [/DICOM/, bytes('\x08\0\x05\0CS\x0a\0ISO_IR 100\x08\0\x16\0')],
    [/DICOM/, bytes('\x02\0\0\0UL\x04\0\xc0\0\0\0\x02\0\x01\0')],
    [/BMP/, bytes('BM\x36\x03\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x10\0\0\0')],
    [/TIFF/, bytes('II*\0\x08\0\0\0')],
    [/TIFF/, bytes('MM\0*\0\0\0\x08')],
    [/TIFF/, bytes('II+\0\x08\0\0\0')],
    [/GIF/, bytes('GIF89a\x10\0\x10\0')],
    [/WebP/, bytes('RIFF\x24\0\0\0WEBPVP8 ')],
    [/HEIC/, bytes('\0\0\0\x18ftypheic\0\0\0\0mif1heic')],
    [/AVIF/, bytes('\0\0\0\x1cftypavif\0\0\0\0')],
    [/JPEG 2000/, bytes('\0\0\0\x0cjP  \r\n\x87\n')],
    [/JPEG XL/, bytes('\xff\x0a\0\0')],
    [/lossless/, bytes('\xff\xd8\xff\xf7\0\x0b\x08\0\x10\0\x10\x01\x01\x11\0\xff\xda\0\x08\x01\x01\0\0\0\0')],
    [/PDF/, bytes('%PDF-1.7\n%\xe2\xe3\xcf\xd3\n')],
    [/HTML/, bytes('\n<!DOCTYPE html>\n<html><body>Please log in</body></html>')],
    [/SVG/, bytes('<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>')],
    [/JSON/, bytes('{"error": "not found"}')],
    [/Git LFS pointer/, bytes('version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n')],
    [/git-annex pointer/, bytes('/annex/objects/SHA256E-s12--00.png\n')],
    [/ZIP/, bytes('PK\x03\x04\x14\0')],
    [/gzip/, bytes('\x1f\x8b\x08\0')],
    [/tar archive/, at(257, 'ustar')],
    [/NIfTI/, at(344, 'n+1\0')],
    [/NumPy/, bytes('\x93NUMPY\x01\0')],
    [/HDF5/, bytes('\x89HDF\r\n\x1a\n')],
    [/PNM/, bytes('P5\n2 2\n255\n\0\0\0\0')],
    [/AppleDouble/, bytes('\0\x05\x16\x07\0\x02\0\0Mac OS X')],
    [/text mode/, bytes('\x89PNG\n\x1a\n\0\0\0\x0dIHDR')],
    [/nothing but zeros/, Buffer.alloc(3000)],
    [/damaged, cut short or no image/, bytes('some words\n')],
    [/damaged, cut short or no image/, bytes('BMI,34\nx,1\n')],
    [/damaged, cut short or no image/, Buffer.from([7, 1, 200, 3])],
    [/is empty/, Buffer.alloc(0)],
  ])('%s', async (what, content) => {
    const error = await decodeBytes(content, 'xray.png').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DataError);
    expect((error as Error).message).toMatch(what);
    expect((error as Error).message).toMatch(/^xray\.png /);
  });

  it('reads a PNG and a JPEG under any name', async () => {
    const png = writePng({ width: 2, height: 1, bitDepth: 8, colorType: GRAY, samples: [3, 4] });
    expect([...(await decodeBytes(png, 'a.dcm')).image.data]).toEqual([3, 4]);
    const raw = { width: 8, height: 8, channels: 1 as const };
    const jpeg = await sharp(new Uint8Array(64).fill(9), { raw }).toColourspace('b-w').jpeg().toBuffer();
    expect((await decodeBytes(jpeg, 'a.bmp')).image.data[0]).toBe(9);
  });
});

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

describe.runIf(process.platform !== 'win32')('files without an end', () => {
  it('refuses a FIFO, a link to an endless device, a link to itself and a folder', async () => {
    const path = (name: string) => join(folder, name);
    execFileSync('mkfifo', [path('fifo.png')]);
    await symlink('/dev/zero', path('zero.png'));
    await symlink(path('loop.png'), path('loop.png'));
    await symlink(folder, path('folder.png'));
    await expect(decodeFile(path('fifo.png'))).rejects.toThrow(/fifo\.png is no regular file/);
    await expect(decodeFile(path('zero.png'))).rejects.toThrow(/zero\.png is no regular file/);
    await expect(decodeFile(path('loop.png'))).rejects.toThrow(/loop\.png is a link that leads back/);
    await expect(decodeFile(path('folder.png'))).rejects.toThrow(/folder\.png is a folder/);
  });

  it('follows a link to an image', async () => {
    const png = writePng({ width: 1, height: 1, bitDepth: 8, colorType: GRAY, samples: [7] });
    await writeFile(join(folder, 'real.png'), png);
    await symlink(join(folder, 'real.png'), join(folder, 'link.png'));
    expect([...(await decodeFile(join(folder, 'link.png'))).image.data]).toEqual([7]);
  });
});
