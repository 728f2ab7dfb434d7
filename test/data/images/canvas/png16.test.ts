/** Decoded by hand as by sharp, which Node has, for all that a PNG of 16 bits can be. */
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { DataError } from '../../../../src/core/errors.js';
import { MT19937 } from '../../../../src/core/mt19937.js';
import { decodePng16 } from '../../../../src/data/images/canvas/png16.js';
import { decodeBytes } from '../../../../src/data/images/decode.node.js';
import { readHeader } from '../../../../src/data/images/imageHeader.js';
import { SCALINGS } from '../../../../src/data/images/pixelFacts.js';
import { pixelsOf } from '../../../../src/data/images/samples.js';
import { GRAY, GRAY_ALPHA, RGB, RGB_ALPHA, writePng } from '../../../support/files/png.js';

/** Smooth and noisy parts, so that an encoder takes every filter. */
function film(width: number, height: number, channels: number): Uint16Array {
  const random = new MT19937(7);
  return Uint16Array.from({ length: width * height * channels }, (_, i) => {
    const [x, y] = [Math.floor(i / channels) % width, Math.floor(i / channels / width)];
    return x > y ? 400 * x + 90 * y + (i % channels) : random.choice(65536);
  });
}

async function byHand(bytes: Uint8Array, scaling: (typeof SCALINGS)[number] = 'depth') {
  const header = await readHeader(bytes, 'x.png');
  return pixelsOf(await decodePng16(bytes, header, 'x.png'), header.stored, scaling);
}

describe('a PNG of 16 bits', () => {
  it.each([
    [1, 'grey16'],
    [3, 'rgb16'],
    [4, 'rgb16'],
  ] as const)(
    'of %i channels is what sharp decodes, of any size, interlaced or not',
    async (channels, space) => {
      for (const [width, height] of [
        [61, 47],
        [1, 1],
        [3, 9],
        [5, 2],
      ]) {
        for (const progressive of [false, true]) {
          const raw = { width, height, channels, depth: 'ushort' as const };
          const bytes = await sharp(film(width, height, channels), { raw })
            .toColourspace(space)
            .png({ progressive, adaptiveFiltering: true, compressionLevel: 9 })
            .toBuffer();
          expect((await readHeader(bytes, 'x')).stored.bits).toBe(16);
          for (const scaling of SCALINGS) {
            const { image } = await decodeBytes(bytes, 'x.png', scaling);
            const what = `${width} x ${height}, ${progressive ? 'interlaced' : 'plain'}, ${scaling}`;
            expect({ what, ...(await byHand(bytes, scaling)) }).toEqual({ what, ...image });
          }
        }
      }
    },
  );

  it.each([
    [GRAY, 1, [4, 210]],
    [RGB, 3, [4, 210, 4, 211, 4, 212]],
    [GRAY_ALPHA, 2, undefined],
    [RGB_ALPHA, 4, undefined],
  ])('of colour type %i says what is transparent, as in Node', async (colorType, channels, transparency) => {
    const size = { width: 7, height: 5, bitDepth: 16 as const, colorType };
    const samples = film(7, 5, channels);
    for (let c = 0; c < channels; c++) samples[3 * channels + c] = 1234 + c;
    for (const given of [transparency, undefined]) {
      const bytes = writePng({ ...size, samples, transparency: given });
      const { image } = await decodeBytes(bytes, 'x.png', 'depth');
      expect(await byHand(bytes)).toEqual(image);
      expect(image.facts.transparent).toBe(given !== undefined || channels % 2 === 0);
    }
  });

  it('that lacks pixels, has no such filter or is no zlib stream is damaged', async () => {
    const size = { width: 7, height: 5, bitDepth: 16 as const, colorType: GRAY };
    const good = writePng({ ...size, samples: film(7, 5, 1) });
    const taller = Uint8Array.from(good);
    taller[23] = 6;
    const at = good.indexOf(0x78, 33);
    const noStream = Uint8Array.from(good);
    noStream[at] = 0;
    const filtered = writePng({
      ...size,
      samples: film(7, 5, 1),
      extra: [{ type: 'IDAT', data: deflateSync(new Uint8Array(5 * 15).fill(7)) }],
    });
    for (const bytes of [taller, noStream, filtered]) {
      await expect(byHand(bytes)).rejects.toThrow(DataError);
      await expect(byHand(bytes)).rejects.toThrow(/x\.png is damaged, cut short or no image/);
    }
  });
});
