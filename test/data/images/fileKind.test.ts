/** Files that are no image of ours are named as what they are. */
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { DataError } from '../../../src/core/errors.js';
import { decodeBytes } from '../../../src/data/images/decode.node.js';
import { GRAY, writePng } from '../../support/files/png.js';

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
