import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Metafile } from 'esbuild';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleLibrary } from '../../scripts/bundle.mjs';
import { MT19937 } from '../../src/core/mt19937.js';
import { SAMPLEWISE } from '../../src/data/generator/standardize.js';
import { decodeBytes } from '../../src/data/images/decode.node.js';
import { SCALINGS, type Scaling } from '../../src/data/images/pixelFacts.js';
import { densenetConfig } from '../../src/densenet/architecture.js';
import { DenseNet } from '../../src/densenet/densenet.js';
import { openNodeGpu } from '../../src/engine/device/gpu.node.js';
import type { ChangeRules, ImageChange } from '../../src/shaders/augment/changes.js';
import type { PixelBatch } from '../../src/training/batch.js';
import { GRAY, GRAY_ALPHA, PALETTE, type PngSpec, RGB, RGB_ALPHA, writePng } from '../support/files/png.js';
import { CHROMIUM_RUNS_HERE, type OpenedPage, openInChromium } from '../support/programs/chromium.js';

type Library = typeof import('../../src/index.js');
/** What the host page puts on its global object. */
type Host = typeof globalThis & { chexgpu: Library };

const folder = mkdtempSync(join(tmpdir(), 'chexgpu-library-'));
let metafile: Metafile;

beforeAll(async () => {
  ({ metafile } = await bundleLibrary(folder));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the library for the browser', () => {
  it('reaches no Node module, no Node-only file and no package but h5wasm', () => {
    const inputs = Object.keys(metafile.inputs);
    expect(inputs.length).toBeGreaterThan(100);
    const packages = inputs.flatMap((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []);
    expect([...new Set(packages)]).toEqual(['h5wasm']);
    expect(inputs.filter((path) => path.includes('.node.'))).toEqual([]);
    const imports = Object.values(metafile.inputs).flatMap((input) => input.imports);
    const outside = Object.values(metafile.outputs).flatMap((output) => output.imports);
    const left = [...imports, ...outside].filter((i) => i.external || i.path.startsWith('node:'));
    expect(left).toEqual([]);
  });

  /** The library, and what is of no use without it. */
  const HDF5_READER = /h5wasm|\/hdf5\.ts|kerasRead\.ts|kerasWrite\.ts/;

  it('loads the HDF5 reader only when a weight file is opened', () => {
    const size = (files: string[]) =>
      files.reduce((sum, file) => sum + gzipSync(readFileSync(file)).length, 0) / 1024;
    const wanted = new Set<string>();
    const add = (path: string) => {
      if (wanted.has(path)) return;
      wanted.add(path);
      for (const i of metafile.outputs[path].imports) if (i.kind === 'import-statement') add(i.path);
    };
    add(Object.keys(metafile.outputs).find((path) => path.endsWith('/chexgpu.js')) ?? '');
    const later = Object.keys(metafile.outputs).filter((path) => !wanted.has(path));
    const holdsReader = (path: string) =>
      Object.keys(metafile.outputs[path].inputs).some((input) => HDF5_READER.test(input));
    const [first, rest] = [size([...wanted]), size(later)];
    console.log(
      `browser library: ${first.toFixed(0)} kB gzip, with the HDF5 reader ${rest.toFixed(0)} kB more`,
    );
    expect([...wanted].filter(holdsReader)).toEqual([]);
    expect(later.filter(holdsReader)).not.toEqual([]);
    expect(first).toBeLessThan(150);
  });
});

/** Random samples; small values too, where gamma and 16 bits would show. */
function randomPng(spec: Omit<PngSpec, 'samples'>, channels: number, seed: number): Uint8Array {
  const random = new MT19937(seed);
  const samples = Array.from({ length: spec.width * spec.height * channels }, () =>
    random.choice(2 ** spec.bitDepth),
  );
  return writePng({ ...spec, samples });
}

const SHAPE = { width: 37, height: 23, bitDepth: 8 as const };
const PALETTE_COLOURS = Array.from({ length: 48 }, (_, i) => (i * 37) % 256);

const PNGS: Record<string, Uint8Array> = {
  gray: randomPng({ ...SHAPE, colorType: GRAY }, 1, 1),
  'gray with gamma': randomPng({ ...SHAPE, colorType: GRAY, gamma: 100000 }, 1, 2),
  '4-bit gray': randomPng({ ...SHAPE, bitDepth: 4, colorType: GRAY }, 1, 3),
  '1-bit gray': randomPng({ ...SHAPE, bitDepth: 1, colorType: GRAY }, 1, 4),
  rgb: randomPng({ ...SHAPE, colorType: RGB }, 3, 5),
  'rgb with gamma': randomPng({ ...SHAPE, colorType: RGB, gamma: 55000 }, 3, 6),
  palette: randomPng({ ...SHAPE, bitDepth: 4, colorType: PALETTE, palette: PALETTE_COLOURS }, 1, 7),
};

/** Alpha all opaque, as in some of NIH's files. */
function opaque(colorType: number, colours: number): Uint8Array {
  const random = new MT19937(8);
  const samples = Array.from({ length: SHAPE.width * SHAPE.height * (colours + 1) }, (_, i) =>
    i % (colours + 1) === colours ? 255 : random.choice(256),
  );
  return writePng({ ...SHAPE, colorType, samples });
}
PNGS['gray with alpha'] = opaque(GRAY_ALPHA, 1);
PNGS['rgb with alpha'] = opaque(RGB_ALPHA, 3);

/** tRNS says that a colour is transparent; PIL's convert('RGB') shows it all the same. */
PNGS['gray with a transparent level'] = writePng({
  ...SHAPE,
  colorType: GRAY,
  samples: Uint8Array.from({ length: SHAPE.width * SHAPE.height }, (_, i) => (i * 7) % 256),
  transparency: [0, 14],
});

PNGS['gray with a level that would be transparent'] = writePng({
  ...SHAPE,
  colorType: GRAY,
  samples: Uint8Array.from({ length: SHAPE.width * SHAPE.height }, (_, i) => (i * 7) % 250),
  transparency: [0, 255],
});

/** What a canvas would round to 8 bits. */
const WIDE: Record<string, Uint8Array> = {
  '16-bit gray': randomPng({ ...SHAPE, bitDepth: 16, colorType: GRAY }, 1, 9),
  '16-bit rgb with alpha': randomPng({ ...SHAPE, bitDepth: 16, colorType: RGB_ALPHA }, 4, 12),
};

/** EXIF that tells a viewer to turn the picture by a quarter: one entry, orientation 6. */
const TURNED = Buffer.from('ffe1002245786966000049492a0008000000010012010300010000000600000000000000', 'hex');

const flipped = (bytes: Uint8Array, at: number) => bytes.map((byte, i) => (i === at ? byte ^ 0x10 : byte));
/** With another size in the header, and its checksum as it was. */
function sized(png: Uint8Array, side: number): Uint8Array {
  const bytes = Uint8Array.from(png);
  new DataView(bytes.buffer).setUint32(16, side);
  new DataView(bytes.buffer).setUint32(20, side);
  return bytes;
}

const BAD: Record<string, { bytes: Uint8Array; says: RegExp }> = {
  empty: { bytes: new Uint8Array(0), says: /is empty \(0 bytes\)/ },
  text: { bytes: new TextEncoder().encode('Image,PatientId\n'), says: /is no PNG or JPEG/ },
  'cut short': { bytes: PNGS.gray.slice(0, -200), says: /damaged or cut short/ },
  'without its end': { bytes: PNGS.gray.slice(0, -12), says: /damaged or cut short/ },
  damaged: { bytes: flipped(PNGS.gray, 300), says: /damaged or cut short.*IDAT/ },
  'cut short in 16 bits': { bytes: WIDE['16-bit gray'].slice(0, -200), says: /damaged or cut short/ },
  DICOM: { bytes: Buffer.concat([Buffer.alloc(128), Buffer.from('DICM')]), says: /is a DICOM file/ },
  huge: { bytes: sized(PNGS.gray, 30000), says: /has 30000 x 30000 pixels, more than is read/ },
  transparent: { bytes: randomPng({ ...SHAPE, colorType: RGB_ALPHA }, 4, 10), says: /transparent pixels/ },
};

const RULES: ChangeRules = {
  fillMode: 'nearest',
  cval: 0,
  interpolationOrder: 1,
  rules: '1.1.0',
  rescale: 1,
};
const UNCHANGED: ImageChange = {
  crop: null,
  affine: null,
  flipHorizontal: false,
  flipVertical: false,
  channelShift: null,
  brightness: null,
};

const HOST_PAGE =
  '<!doctype html><link rel="icon" href="data:,"><title>host</title><script type="module" src="host.js"></script>';

describe.runIf(CHROMIUM_RUNS_HERE)('the library in a page of somebody else', () => {
  let opened: OpenedPage;

  beforeAll(async () => {
    writeFileSync(join(folder, 'index.html'), HOST_PAGE);
    writeFileSync(
      join(folder, 'host.js'),
      "import * as chexgpu from './chexgpu.js'; globalThis.chexgpu = chexgpu;",
    );
    opened = await openInChromium(folder);
    await opened.page.waitForFunction(() => 'chexgpu' in globalThis);
  });

  afterAll(() => opened?.close());

  const decode = (bytes: Uint8Array, name: string, scaling?: Scaling) =>
    opened.page.evaluate(
      async ({ bytes, name, scaling }) => {
        const { decodeBlob, DataError } = (globalThis as Host).chexgpu;
        try {
          const { width, height, channels, data, facts } = await decodeBlob(
            new Blob([Uint8Array.from(bytes)]),
            name,
            scaling,
          );
          return { width, height, channels, data: [...data], facts };
        } catch (error) {
          return { error: error instanceof DataError ? error.message : `not a DataError: ${error}` };
        }
      },
      { bytes: [...bytes], name, scaling },
    );

  it('decodes every kind of PNG to the bytes that Node gets', async () => {
    for (const [kind, bytes] of Object.entries(PNGS)) {
      const { image } = await decodeBytes(bytes, kind);
      const { width, height, channels, data, facts } = image;
      const wanted = { width, height, channels, data: [...data], facts };
      expect({ kind, ...(await decode(bytes, kind)) }).toEqual({ kind, ...wanted });
    }
  });

  it.each(SCALINGS)('decodes 16 bits to the bytes that Node gets, by scaling %s', async (scaling) => {
    for (const [kind, bytes] of Object.entries({ ...WIDE, gray: PNGS.gray })) {
      const { image } = await decodeBytes(bytes, kind, scaling);
      expect({ kind, ...(await decode(bytes, kind, scaling)) }).toEqual({
        kind,
        ...image,
        data: [...image.data],
      });
    }
  });

  it('decodes JPEG in gray and colour, upright as stored, and refuses a cut one', async () => {
    const random = new MT19937(11);
    for (const channels of [1, 3] as const) {
      const pixels = Uint8Array.from({ length: 40 * 24 * channels }, () => random.choice(256));
      const raw = sharp(pixels, { raw: { width: 40, height: 24, channels } });
      const plain = await (channels === 1 ? raw.toColourspace('b-w') : raw).jpeg({ quality: 95 }).toBuffer();
      const jpeg = Buffer.concat([plain.subarray(0, 2), TURNED, plain.subarray(2)]);
      const { image } = await decodeBytes(jpeg, 'x.jpg');
      const found = await decode(jpeg, 'x.jpg');
      expect(found).toMatchObject({ width: 40, height: 24, channels });
      // Two JPEG decoders may round differently, by a step or so.
      const data = 'data' in found ? (found.data ?? []) : [];
      expect(data).toHaveLength(image.data.length);
      expect(Math.max(...data.map((v, i) => Math.abs(v - image.data[i])))).toBeLessThanOrEqual(3);
      const cut = await decode(jpeg.subarray(0, jpeg.length - 100), 'x.jpg');
      expect(cut).toEqual({ error: expect.stringMatching(/^x\.jpg is damaged or cut short/) });
    }
  });

  it('refuses with one line what would give other numbers', async () => {
    for (const [kind, { bytes, says }] of Object.entries(BAD)) {
      const found = await decode(bytes, `${kind}.png`);
      expect({ kind, found }).toEqual({ kind, found: { error: expect.stringMatching(says) } });
      expect(JSON.stringify(found)).toContain(`${kind}.png`);
    }
  });

  it('works on a GPUDevice of the host, without any wish for limits or features, and leaves it alone', async () => {
    const random = new MT19937(12);
    const pixels = Uint8Array.from({ length: 64 * 64 }, () => random.choice(256));
    const shape = { count: 1, height: 64, width: 64, channels: 1 as const, normalisation: SAMPLEWISE };
    const small = { blocks: [2, 2, 2, 2] };
    const inPage = await opened.page.evaluate(
      async ({ pixels, shape, small, rules, unchanged }) => {
        const { DenseNet, densenetConfig, Gpu } = (globalThis as Host).chexgpu;
        const adapter = await navigator.gpu.requestAdapter();
        const device = await adapter?.requestDevice();
        if (!device) throw new Error('no device');
        let lost = false;
        void device.lost.then(() => {
          lost = true;
        });
        const errors: string[] = [];
        device.addEventListener('uncapturederror', (event) => errors.push(event.error.message));
        const gpu = Gpu.borrow(device);
        const config = densenetConfig('densenet121', small);
        const model = await DenseNet.create(gpu, { config, seed: 3 });
        const labels = Float32Array.from({ length: 14 }, (_, i) => i % 2);
        const batch = { ...shape, pixels: Uint8Array.from(pixels), labels, files: ['x'] };
        const probabilities = [...(await model.predict(batch))];
        // By kernels that come in a chunk of their own, then by hand.
        const changes = { ...rules, images: [{ ...unchanged, flipVertical: true }] };
        const turned = [...(await model.predict({ ...batch, changes }))];
        const rows = Array.from({ length: 64 }, (_, i) => pixels.slice(64 * (63 - i), 64 * (64 - i)));
        const byHand = [...(await model.predict({ ...batch, pixels: Uint8Array.from(rows.flat()) }))];
        await model.compile({ posWeights: Array(14).fill(0.75), negWeights: Array(14).fill(0.25) });
        const loss = await model.trainStep(batch);
        const used = gpu.allocatedBytes;
        model.dispose();
        const left = gpu.allocatedBytes;
        gpu.dispose();
        // What the host does next with its device.
        const buffer = device.createBuffer({ size: 16, usage: 0x1 | 0x8 });
        device.queue.writeBuffer(buffer, 0, Uint32Array.of(1, 2, 3, 4));
        await buffer.mapAsync(0x1);
        const after = [...new Uint32Array(buffer.getMappedRange())];
        return {
          probabilities,
          turned,
          byHand,
          loss,
          used,
          left,
          after,
          lost,
          errors,
          features: gpu.info.features,
        };
      },
      { pixels: [...pixels], shape, small, rules: RULES, unchanged: UNCHANGED },
    );
    expect(inPage).toMatchObject({ after: [1, 2, 3, 4], lost: false, errors: [] });
    expect(inPage.used).toBeGreaterThan(1e6);
    expect(inPage.left).toBe(0);
    expect(inPage.features).not.toContain('subgroups');

    const { gpu } = await openNodeGpu({ force: 'swiftshader' });
    const model = await DenseNet.create(gpu, { config: densenetConfig('densenet121', small), seed: 3 });
    const labels = Float32Array.from({ length: 14 }, (_, i) => i % 2);
    const batch: PixelBatch = { ...shape, pixels, labels, files: ['x'] };
    const probabilities = await model.predict(batch);
    await model.compile({ posWeights: Array(14).fill(0.75), negWeights: Array(14).fill(0.25) });
    const loss = await model.trainStep(batch);
    gpu.dispose();
    expect(inPage.turned).not.toEqual(inPage.probabilities);
    for (const [i, p] of inPage.byHand.entries()) {
      expect(Math.abs(p - inPage.turned[i])).toBeLessThanOrEqual(1e-5);
    }
    for (const [i, p] of probabilities.entries()) {
      expect(Math.abs(p - inPage.probabilities[i])).toBeLessThanOrEqual(1e-5);
    }
    expect(Math.abs(inPage.loss - loss)).toBeLessThanOrEqual(1e-5 * Math.abs(loss));
    expect(opened.problems).toEqual([]);
  });
});

describe.runIf(CHROMIUM_RUNS_HERE)("a page whose policy lacks 'wasm-unsafe-eval'", () => {
  it('is told which word is missing when it opens HDF5', async () => {
    const policy = `<meta http-equiv="Content-Security-Policy" content="script-src 'self'">`;
    writeFileSync(
      join(folder, 'strict.html'),
      `<!doctype html>${policy}<script type="module" src="strict.js"></script>`,
    );
    writeFileSync(
      join(folder, 'strict.js'),
      "import * as chexgpu from './chexgpu.js'; globalThis.chexgpu = chexgpu;",
    );
    const opened = await openInChromium(folder, 'strict.html');
    try {
      await opened.page.waitForFunction(() => 'chexgpu' in globalThis);
      const said = await opened.page.evaluate(async () => {
        const { densenetConfig, readKerasHdf5 } = (globalThis as Host).chexgpu;
        const bytes = new Uint8Array(2000);
        bytes.set([0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]);
        try {
          await readKerasHdf5(bytes, densenetConfig('densenet121'), 'w.h5');
          return null;
        } catch (error) {
          return { name: (error as Error).name, message: (error as Error).message };
        }
      });
      expect(said).toEqual({
        name: 'UsageError',
        message:
          'HDF5 files need WebAssembly, which the Content-Security-Policy of this page forbids. ' +
          "Add 'wasm-unsafe-eval' to its script-src.",
      });
    } finally {
      await opened.close();
    }
  });
});
