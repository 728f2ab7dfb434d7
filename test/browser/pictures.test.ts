/** `toPixels` of what only a browser has. */
import { describe, expect, it } from 'vitest';
import { MT19937 } from '../../src/core/mt19937.js';
import { CHROMIUM_RUNS_HERE } from '../support/programs/chromium.js';
import { libraryPage } from '../support/programs/libraryPage.js';

type Library = typeof import('../../src/index.js');

const [WIDTH, HEIGHT] = [37, 23];
const random = new MT19937(21);
/** Opaque rgba[h,w,4] in random colours, and in gray. */
const COLOURS = Array.from({ length: WIDTH * HEIGHT * 4 }, (_, i) =>
  i % 4 === 3 ? 255 : random.choice(256),
);
const GRAYS = COLOURS.map((v, i) => (i % 4 === 3 ? v : COLOURS[i - (i % 4)]));
const withoutAlpha = (rgba: readonly number[]) => rgba.filter((_, i) => i % 4 !== 3);

/** Makes a picture of each kind of rgba[h,w,4], and tells what `toPixels` makes of a picture. */
const SCRIPT = `
const drawn = (canvas, image, settings) => {
  canvas.width = image.width;
  canvas.height = image.height;
  canvas.getContext('2d', settings).putImageData(image, 0, 0);
  return canvas;
};
const element = () => document.createElement('canvas');
const offscreen = () => new OffscreenCanvas(1, 1);
const p3 = { colorSpace: 'display-p3' };
const KINDS = {
  ImageData: (image) => image,
  HTMLCanvasElement: (image) => drawn(element(), image),
  OffscreenCanvas: (image) => drawn(offscreen(), image),
  'a canvas without alpha': (image) => drawn(element(), image, { alpha: false }),
  'a canvas of display-p3': (image) => drawn(element(), image, p3),
  ImageBitmap: (image) => createImageBitmap(image),
  VideoFrame: ({ data, width, height }) =>
    new VideoFrame(data, { format: 'RGBX', codedWidth: width, codedHeight: height, timestamp: 0 }),
  Blob: (image) => drawn(offscreen(), image).convertToBlob(),
  'ImageData of display-p3': ({ data, width, height }) => new ImageData(data, width, height, p3),
};
const BROKEN = {
  'a closed bitmap': async (image) => {
    const bitmap = await createImageBitmap(image);
    bitmap.close();
    return bitmap;
  },
  'a closed frame': async (image) => {
    const frame = KINDS.VideoFrame(image);
    frame.close();
    return frame;
  },
  'transferred ImageData': (image) => {
    structuredClone(image.data.buffer, { transfer: [image.data.buffer] });
    return image;
  },
  'a canvas of another thread': (image) => {
    const canvas = drawn(element(), image);
    const handed = element().transferControlToOffscreen();
    new MessageChannel().port1.postMessage(handed, [handed]);
    return handed;
  },
  'an empty canvas': () => Object.assign(element(), { width: 0 }),
  'a transparent canvas': () => element(),
  'a transparent bitmap': (image) => createImageBitmap(drawn(element(), image).cloneNode()),
  'a canvas of another origin': (image) => {
    const canvas = drawn(offscreen(), image);
    const { getImageData } = OffscreenCanvasRenderingContext2D.prototype;
    OffscreenCanvasRenderingContext2D.prototype.getImageData = function () {
      OffscreenCanvasRenderingContext2D.prototype.getImageData = getImageData;
      throw new DOMException('tainted', 'SecurityError');
    };
    return canvas;
  },
  'an <img>': () => new Image(),
  'ImageData of floats': () => new ImageData(2, 2, { pixelFormat: 'rgba-float16' }),
};
globalThis.made = async (kind, rgba, width, height) => {
  const image = new ImageData(Uint8ClampedArray.from(rgba), width, height);
  const { channels, data, facts } = await chexgpu.toPixels(await KINDS[kind](image));
  return { channels, data: [...data], facts };
};
globalThis.refused = async (kind, rgba, width, height) => {
  const source = await BROKEN[kind](new ImageData(Uint8ClampedArray.from(rgba), width, height));
  return chexgpu.toPixels(source, { name: 'X' }).then(
    () => 'taken',
    (error) => error.name + ': ' + error.message,
  );
};
`;

interface Made {
  channels: number;
  data: number[];
  facts: { mode: string; bits: number; transparent: boolean; grayContent: boolean };
}
type Host = typeof globalThis & {
  chexgpu: Library;
  made(kind: string, rgba: readonly number[], width: number, height: number): Promise<Made>;
  refused(kind: string, rgba: readonly number[], width: number, height: number): Promise<string>;
};

describe.runIf(CHROMIUM_RUNS_HERE)('toPixels in Chromium', () => {
  const host = libraryPage(SCRIPT);

  const made = (kind: string, rgba: readonly number[]) =>
    host.opened.page.evaluate(
      ([kind, rgba, width, height]) => (globalThis as Host).made(kind, rgba, width, height),
      [kind, rgba, WIDTH, HEIGHT] as [string, number[], number, number],
    );

  it.each([
    'ImageData',
    'HTMLCanvasElement',
    'OffscreenCanvas',
    'a canvas without alpha',
    'ImageBitmap',
    'VideoFrame',
    'Blob',
  ])('of %s, opaque and in sRGB, has the very numbers', async (kind) => {
    const colours = await made(kind, COLOURS);
    expect(colours.channels).toBe(3);
    expect(colours.data).toEqual(withoutAlpha(COLOURS));
    expect(colours.facts).toMatchObject({ bits: 8, transparent: false, grayContent: false });
    const gray = await made(kind, GRAYS);
    // A file keeps the channels that it stores.
    expect(gray.channels).toBe(kind === 'Blob' ? 3 : 1);
    expect(gray.data).toEqual(withoutAlpha(GRAYS).filter((_, i) => kind === 'Blob' || i % 3 === 0));
  });

  it('of display-p3 has the same gray, and colours in sRGB', async () => {
    for (const kind of ['ImageData of display-p3', 'a canvas of display-p3']) {
      expect((await made(kind, GRAYS)).data).toEqual(withoutAlpha(GRAYS).filter((_, i) => i % 3 === 0));
    }
    const inSrgb = withoutAlpha(COLOURS);
    const { data } = await made('ImageData of display-p3', COLOURS);
    const wanted = Array.from({ length: WIDTH * HEIGHT }, (_, i) =>
      p3ToSrgb(inSrgb.slice(3 * i, 3 * i + 3)),
    ).flat();
    expect(Math.max(...data.map((v, i) => Math.abs(v - wanted[i])))).toBeLessThanOrEqual(1);
    expect(data).not.toEqual(inSrgb);
  });

  it('of ImageData drops alpha and says so', async () => {
    const half = COLOURS.map((v, i) => (i % 4 === 3 ? 128 : v));
    const { data, facts } = await made('ImageData', half);
    expect(data).toEqual(withoutAlpha(COLOURS));
    expect(facts.transparent).toBe(true);
  });

  it('says what is wrong with a picture that has no numbers', async () => {
    const cases: [kind: string, message: RegExp][] = [
      ['a closed bitmap', /^UsageError: X has no pixels \(0 x 0\)/],
      ['a closed frame', /^UsageError: X has no pixels \(0 x 0\)/],
      ['transferred ImageData', /^UsageError: X: the memory of this ImageData was transferred/],
      ['a canvas of another thread', /^UsageError: X (has no pixels|cannot be drawn)/],
      ['an empty canvas', /^UsageError: X has no pixels \(0 x 150\)/],
      ['a transparent canvas', /^DataError: X has transparent pixels.*alpha: false/],
      ['a transparent bitmap', /^DataError: X has transparent pixels/],
      ['a canvas of another origin', /^DataError: X holds pixels of another origin.*crossOrigin/],
      ['an <img>', /^UsageError: X is a HTMLImageElement, no ImageData.*Fetch its src/],
      ['ImageData of floats', /^UsageError: X holds a Float16Array of 16.*rgba-unorm8/],
    ];
    const said = await host.opened.page.evaluate(
      async ([kinds, rgba, width, height]) => {
        const all: string[] = [];
        for (const kind of kinds) all.push(await (globalThis as Host).refused(kind, rgba, width, height));
        return all;
      },
      [cases.map(([kind]) => kind), COLOURS, WIDTH, HEIGHT] as [string[], number[], number, number],
    );
    for (const [i, [kind, message]] of cases.entries()) expect(said[i], kind).toMatch(message);
  });
});

/** CSS Color 4: both curves are sRGB's, the matrices those of the primaries with white D65. */
function p3ToSrgb(p3: readonly number[]): number[] {
  const linear = p3.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  const matrix = [
    [1.2249401762805598, -0.22494017628055996, 0],
    [-0.042056954709688163, 1.0420569547096881, 0],
    [-0.019637554590334432, -0.078636045550631889, 1.0982736001409663],
  ];
  return matrix.map((row) => {
    const sum = row.reduce((total, m, i) => total + m * linear[i], 0);
    const v = Math.min(1, Math.max(0, sum));
    return Math.round(255 * (v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055));
  });
}
