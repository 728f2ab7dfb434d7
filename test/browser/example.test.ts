import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleExample } from '../../scripts/bundle.mjs';
import { ImageGenerator } from '../../src/data/generator/generator.js';
import { SAMPLEWISE } from '../../src/data/generator/standardize.js';
import { decodeFile } from '../../src/data/images/decode.node.js';
import { resizeNearest } from '../../src/data/images/resize.js';
import { drawPhantom, makeCohort } from '../../src/data/phantoms/index.js';
import { computeClassFreqs, lossWeights } from '../../src/data/tables/frequencies.js';
import { LABELS } from '../../src/data/tables/labels.js';
import { densenetConfig } from '../../src/densenet/architecture.js';
import { DenseNet } from '../../src/densenet/densenet.js';
import { initialWeights } from '../../src/densenet/initialisers.js';
import { writeKerasHdf5 } from '../../src/densenet/weights/keras/kerasLazy.js';
import { readWeightFile } from '../../src/densenet/weights/weights.node.js';
import { type NodeGpu, openNodeGpu } from '../../src/engine/device/gpu.node.js';
import type { PixelBatch } from '../../src/training/batch.js';
import { fit as train } from '../../src/training/fit.js';
import type { WeightMap } from '../../src/training/parameterSpec.js';
import { loadNetwork } from '../../src/workflow/prediction/loadNetwork.node.js';
import { CHROMIUM_RUNS_HERE, type OpenedPage, openInChromium } from '../support/programs/chromium.js';

const SEED = 7;
const SIZE = 64;
const STEPS = 3;
const BATCH = 2;
const PHANTOMS = 8;
/** As examples/browser/phantoms.ts has them. */
const DRAWN_SIZE = 448;
const TRAINING_SEED = 2;
const CONFIG = densenetConfig('densenet121', { bnMomentum: 0.9 });

/** What the page sends with `chexgpu:gradcam`. */
interface CamDetail {
  classIndex: number;
  score: string;
  probability: number;
  empty: boolean;
  map: number[];
}

/** The seeded weights with a head that says more than 0.5 of everything. */
function spreadWeights(): WeightMap {
  const weights = initialWeights(CONFIG, SEED);
  const kernel = weights.get('dense_1/kernel');
  if (!kernel) throw new Error('there is no head called dense_1');
  return weights.set(
    'dense_1/kernel',
    kernel.map((w) => 40 * w),
  );
}

/** The training that the page does, written down once more. */
function trainingSet() {
  const specs = makeCohort({ images: PHANTOMS, seed: TRAINING_SEED, balanced: true });
  const labels = Uint8Array.from(specs.flatMap((spec) => spec.labels));
  const images = specs.map((spec) => spec.image);
  const source = new ImageGenerator({
    frame: {
      file: 'x',
      images,
      patientIds: specs.map((s) => String(s.patientId)),
      classes: LABELS,
      labels,
      lines: [],
    },
    load: async (name) => {
      const { pixels } = drawPhantom(specs[images.indexOf(name)], DRAWN_SIZE);
      const image = { width: DRAWN_SIZE, height: DRAWN_SIZE, channels: 1 as const, data: pixels };
      return resizeNearest(image, SIZE, SIZE);
    },
    height: SIZE,
    width: SIZE,
    batchSize: BATCH,
    seed: TRAINING_SEED,
    normalisation: SAMPLEWISE,
  });
  return { source, ...lossWeights(computeClassFreqs(labels, LABELS.length)) };
}

async function settled(page: Page): Promise<string> {
  await page.waitForFunction(() => ['ready', 'failed'].includes(document.body.dataset.state ?? ''));
  return (await page.getAttribute('body', 'data-state')) ?? '';
}

const shownProbabilities = (page: Page) =>
  page.$$eval('#bars li', (items) => items.map((item) => Number(item.dataset.probability)));

function expectClose(found: readonly number[], wanted: ArrayLike<number>, tolerance: number): void {
  expect(found).toHaveLength(wanted.length);
  const worst = Math.max(...found.map((v, i) => Math.abs(v - wanted[i])));
  expect(worst).toBeLessThanOrEqual(tolerance);
}

describe.runIf(CHROMIUM_RUNS_HERE)('the browser example in Chromium', () => {
  const folder = mkdtempSync(join(tmpdir(), 'chexgpu-example-'));
  const file = join(folder, 'xray.png');
  const weightFile = join(folder, 'spread.h5');
  let opened: OpenedPage;
  let page: Page;
  let node: NodeGpu;
  let model: DenseNet;
  let batch: PixelBatch;

  beforeAll(async () => {
    const [, , spec] = makeCohort({ images: 4, seed: 5, balanced: true });
    await sharp(drawPhantom(spec, 300).pixels, { raw: { width: 300, height: 300, channels: 1 } })
      .toColourspace('b-w')
      .png()
      .toFile(file);
    writeFileSync(weightFile, await writeKerasHdf5(spreadWeights(), CONFIG));
    const { image } = await decodeFile(file);
    const { width, height, channels, data: pixels } = resizeNearest(image, SIZE, SIZE);
    const labels = new Float32Array(LABELS.length);
    batch = { count: 1, width, height, channels, pixels, normalisation: SAMPLEWISE, labels, files: [file] };
    // The driver that Chromium has: losses over several steps tell drivers apart.
    node = await openNodeGpu({ force: 'swiftshader' });
    model = await DenseNet.create(node.gpu, { config: CONFIG, seed: SEED });

    const site = join(folder, 'page');
    await bundleExample(site);
    opened = await openInChromium(site);
    page = opened.page;
    // Two busy cores take their time.
    page.setDefaultTimeout(120_000);
    await page.evaluate(() => {
      document.addEventListener('chexgpu:gradcam', (event) => {
        const detail = (event as CustomEvent).detail;
        Object.assign(globalThis, { cam: { ...detail, map: [...detail.map] } });
      });
    });
  });

  afterAll(async () => {
    await opened?.close();
    node?.gpu.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  const cam = () => page.evaluate(() => (globalThis as unknown as { cam: CamDetail }).cam);
  const choose = async (xray: string) => {
    await page.setInputFiles('#file', xray);
    await page.waitForFunction(() => document.querySelector('#caption')?.textContent?.startsWith('xray.png'));
    expect(await settled(page)).toBe('ready');
  };
  const bar = (label: string) => page.locator(`#bars li[data-label="${label}"] button`);

  it('starts by itself: adapter, phantoms, checked kernels, a first prediction', async () => {
    await page.waitForFunction(() => document.querySelectorAll('[data-probability]').length === 14);
    expect(await settled(page)).toBe('ready');
    expect(await page.textContent('.notice')).toMatch(/Not a medical device.*never leave this machine/s);
    expect(await page.textContent('#adapter')).toMatch(/swiftshader/i);
    expect(await page.textContent('#adapter-kind')).toBe('software');
    expect(await page.textContent('#selftest')).toMatch(/^\d\d in use are right$/);
    expect(Number.parseInt((await page.textContent('#memory')) ?? '', 10)).toBeGreaterThan(20);
    expect(await page.textContent('#weights-origin')).toMatch(/^the package's own/);
    expect(await page.textContent('#trust')).toContain('trained on drawings; says nothing of a patient');
    expect(await page.locator('#samples button').count()).toBe(4);
    expect(await page.$$eval('#bars li', (items) => items.map((i) => i.dataset.label))).toEqual([...LABELS]);
    expect(opened.problems).toEqual([]);
  });

  it('has a name for every control, and one heading after the other', async () => {
    const controls = await page.locator('button, input, select, summary').all();
    expect(controls.length).toBeGreaterThan(30);
    const tree = await page.locator('body').ariaSnapshot();
    const nameless = tree
      .split('\n')
      .filter((line) => /- (button|textbox|spinbutton|combobox|radio|checkbox|slider)(?! ")/.test(line));
    expect(nameless).toEqual([]);
    expect(await page.$$eval('h1, h2, h3', (hs) => hs.map((h) => h.tagName).join(' '))).toBe(
      'H1 H2 H2 H3 H2 H2',
    );
    for (const width of [400, 800, 1600]) {
      await page.setViewportSize({ width, height: 900 });
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    }
  });

  it("shows Node's probabilities of the package's own weights, at the size that they were trained at", async () => {
    const own = await loadNetwork(node.gpu, undefined, { workers: 0 });
    const { predictions } = await own.predictFiles([file]);
    await own.close();
    expect(await page.inputValue('#size')).toBe(String(own.classifier.preparation.size));
    expect(await page.inputValue('#rate')).toBe('0.00001');
    await choose(file);
    expectClose(await shownProbabilities(page), predictions, 1e-5);
  });

  it("shows Node's probabilities for the same file and seeded weights", async () => {
    await page.selectOption('#size', String(SIZE));
    expect(await settled(page)).toBe('ready');
    await page.fill('#seed', String(SEED));
    await page.click('#reset');
    expect(await settled(page)).toBe('ready');
    expect(await page.inputValue('#rate')).toBe('0.001');
    await choose(file);
    expectClose(await shownProbabilities(page), await model.predict(batch), 1e-5);
    expect(await page.textContent('#trust')).toContain('random');
  });

  it("shows Node's probabilities and Grad-CAM for the weights of a Keras file", async () => {
    await page.setInputFiles('#weights-file', weightFile);
    await page.waitForFunction(() =>
      document.querySelector('#weights-origin')?.textContent?.startsWith('spread'),
    );
    expect(await settled(page)).toBe('ready');
    await model.importWeights(spreadWeights());
    const wanted = await model.predict(batch);
    expect(Math.max(...wanted) - Math.min(...wanted)).toBeGreaterThan(0.2);
    expectClose(await shownProbabilities(page), wanted, 1e-5);

    for (const [score, label] of [
      ['sigmoid', 'Mass'],
      ['logit', 'Edema'],
    ] as const) {
      await page.check(`input[name=score][value=${score}]`);
      await settled(page);
      await bar(label).click();
      expect(await settled(page)).toBe('ready');
      const found = await cam();
      const classIndex = LABELS.indexOf(label);
      const [map] = await model.gradcam(batch, [classIndex], { score });
      expect(found).toMatchObject({ classIndex, score, empty: map.empty });
      expectClose(found.map, map.map, 1e-4);
      expect(await bar(label).getAttribute('aria-pressed')).toBe('true');
      // The overlay shows where the map is, or says that there is none.
      const shown = await page.locator('#heat').evaluate((heat) => heat.classList.contains('shown'));
      expect(shown).toBe(!map.empty);
      expect(await page.textContent('#cam-text')).toContain(map.empty ? 'Nothing' : label);
    }
    expect(
      await page.locator('#heat').evaluate((heat: HTMLCanvasElement) => [heat.width, heat.height]),
    ).toEqual([SIZE, SIZE]);
  });

  it('is worked by keyboard alone', async () => {
    await bar('Hernia').focus();
    await page.keyboard.press('Enter');
    await settled(page);
    expect((await cam()).classIndex).toBe(LABELS.indexOf('Hernia'));
    // The focus comes back to where it was.
    await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    await settled(page);
    expect((await cam()).classIndex).toBe(LABELS.indexOf('Infiltration'));
  });

  it('says in one line what is wrong, and goes on', async () => {
    const before = await shownProbabilities(page);
    const gray = await readFile(file);
    const wrong: [string, string, Buffer, RegExp][] = [
      ['#file', 'notes.png', Buffer.from('no image at all'), /^notes\.png is damaged, cut short or no image/],
      ['#file', 'cut.png', gray.subarray(0, gray.length / 2), /^cut\.png is (damaged|cut short)/],
      ['#weights-file', 'notes.h5', Buffer.from('no weights'), /^notes\.h5 .*HDF5/],
      ['#weights-file', 'cut.h5', (await readFile(weightFile)).subarray(0, 1e6), /^cut\.h5 /],
    ];
    for (const [input, name, buffer, says] of wrong) {
      await page.setInputFiles(input, { name, mimeType: 'application/octet-stream', buffer });
      await page.waitForFunction(
        (start) => document.querySelector('#error:not([hidden])')?.textContent?.startsWith(start),
        name,
      );
      expect(await settled(page)).toBe('failed');
      expect(await page.textContent('[role=alert]')).toMatch(says);
      expect(await shownProbabilities(page)).toEqual(before);
    }
    await page.fill('#steps', '0');
    await page.click('#train');
    expect(await settled(page)).toBe('failed');
    expect(await page.textContent('#error')).toBe('Steps must be a whole number from 1 to 2000.');
    await bar('Edema').click();
    expect(await settled(page)).toBe('ready');
    expect(await page.isHidden('#error')).toBe(true);
  });

  it("trains with Node's losses, and the probabilities move to Node's", async () => {
    const before = await shownProbabilities(page);
    // A rate that a network which has learned is offered is too small to tell drivers apart.
    expect(await page.inputValue('#rate')).toBe('0.00001');
    await page.fill('#rate', '0.001');
    await page.fill('#steps', String(STEPS));
    await page.fill('#batch', String(BATCH));
    await page.fill('#phantoms', String(PHANTOMS));
    await page.click('#train');
    expect(await settled(page)).toBe('ready');
    const losses = await page.$$eval<number[], HTMLElement>('[data-loss]', (cells) =>
      cells.map((cell) => Number(cell.dataset.loss)),
    );
    const { source, ...weights } = trainingSet();
    const history = await train(model, source, { epochs: 1, stepsPerEpoch: STEPS, ...weights });
    console.log(`losses in Chromium ${losses.join(', ')}, in Node ${history.stepLoss.join(', ')}`);
    expect(losses).toHaveLength(STEPS);
    for (const [i, loss] of history.stepLoss.entries()) {
      expect(Math.abs(losses[i] - loss)).toBeLessThanOrEqual(1e-5 * Math.abs(loss));
    }
    const after = await shownProbabilities(page);
    expectClose(after, await model.predict(batch), 1e-4);
    expect(Math.max(...after.map((p, i) => Math.abs(p - before[i])))).toBeGreaterThan(1e-3);
    expect(await page.textContent('#weights-origin')).toContain(`${STEPS} steps on phantoms`);
    expect(await page.locator('.bars .before:visible').count()).toBe(14);
    expect(await page.locator('#curve .line').getAttribute('points')).toMatch(/^\S+ \S+ \S+$/);
    expect(await page.textContent('#train-text')).toMatch(/images\/s/);
  });

  it('saves weights that Node loads', async () => {
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#save')]);
    const saved = join(folder, download.suggestedFilename());
    await download.saveAs(saved);
    const { tensors, report } = await readWeightFile(saved, CONFIG);
    expect(report).toMatchObject({ layout: 'save_weights', head: true, tensorCount: 606 });
    await model.importWeights(tensors);
    await settled(page);
    expectClose(await shownProbabilities(page), await model.predict(batch), 1e-5);
  });

  it('stops when asked, and keeps what it learnt', async () => {
    await page.fill('#steps', '500');
    await page.click('#train');
    await page.waitForFunction(() => document.querySelectorAll('[data-loss]').length === 1);
    await page.click('#stop');
    expect(await settled(page)).toBe('ready');
    expect(await page.textContent('#activity')).toMatch(/^Trained \d steps?\. Predicted/);
    expect(opened.problems).toEqual([]);
  });

  it('says what to do where there is no WebGPU', async () => {
    const other = await page.context().browser()!.newPage();
    await other.addInitScript(() => Object.defineProperty(Navigator.prototype, 'gpu', { value: undefined }));
    await other.goto(`${opened.origin}index.html`);
    expect(await settled(other)).toBe('failed');
    expect(await other.textContent('#error')).toMatch(/^This page has no WebGPU\. Use Chrome/);
    const enabled = await other.locator('[data-control]:enabled').count();
    expect(enabled).toBe(0);
    await other.close();
  });
});
