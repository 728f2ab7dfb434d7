/** The page of `chexgpu inspect` in a browser: complete in itself, readable at any width, light, dark and on paper. */
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DenseNet } from '../../src/densenet/densenet.js';
import { inspectionPage } from '../../src/eval/inspection/inspectionPage.js';
import { WEIGHTED } from '../../src/training/losses/weightedCrossEntropy.js';
import { SILENT } from '../../src/workflow/reporter.js';
import { inspectImage } from '../../src/workflow/results/inspection.node.js';
import { testGpu } from '../support/gpu/testGpu.js';
import { TINY, tinyBatch } from '../support/networks/tinyNet.js';
import { CHROMIUM_RUNS_HERE, type OpenedPage, openInChromium } from '../support/programs/chromium.js';
import { scratchFolder } from '../support/programs/cli.js';
import { findingsOf } from '../support/programs/pageMeasures.js';

const gpu = await testGpu();
const scratch = scratchFolder();

describe.runIf(CHROMIUM_RUNS_HERE)('a page of maps in a browser', () => {
  let opened: OpenedPage;
  beforeAll(async () => {
    const model = await DenseNet.create(gpu, { config: TINY, seed: 1 });
    const context = { out: SILENT, signal: new AbortController().signal };
    const outputs = { labels: ['Mass', 'Pleural_Thickening'], thresholds: null };
    const training = { loss: { kind: WEIGHTED, settings: {} }, positive: ['Mass'], gradients: true };
    const { labels: _, ...image } = tinyBatch(1, 1);
    const options = { maxMaps: 8, training };
    const found = await inspectImage(context, gpu, model, { config: TINY, outputs }, image, options);
    await model.dispose();
    const page = inspectionPage({
      ...found,
      name: 'a_rather_long_name_of_an_image_file_0001.png',
      network: 'tiny',
      weights: 'drawn',
      notice: 'trained on nothing',
      parameters: 1000,
      normalised: 'by itself',
      adapter: 'lavapipe',
      command: 'chexgpu inspect a.png',
      version: '1',
      madeAt: new Date(0).toISOString(),
    });
    writeFileSync(scratch.path('index.html'), page);
    opened = await openInChromium(scratch.path('.'));
  });
  afterAll(async () => {
    await opened?.close();
    scratch.remove();
  });

  it.each([
    [1440, 'light'],
    [390, 'dark'],
  ] as const)(
    'is clean for axe at %i px in the %s, and no wider than the window',
    async (width, colorScheme) => {
      const { page, problems } = opened;
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ media: 'screen', colorScheme });
      await page.evaluate(() => {
        for (const one of document.querySelectorAll('details')) one.open = true;
      });
      expect(await findingsOf(page)).toEqual([]);
      const wide = () => document.documentElement.scrollWidth - document.documentElement.clientWidth;
      expect(await page.evaluate(wide)).toBe(0);
      const drawn = () => [...document.images].every((image) => image.complete && image.naturalWidth > 0);
      expect(await page.evaluate(drawn)).toBe(true);
      expect(problems).toEqual([]);
    },
  );

  it('prints what is unfolded, black on white', async () => {
    const { page } = opened;
    const looks = () => {
      const seen = (selector: string) => document.querySelector(selector)!.checkVisibility();
      const { color, backgroundColor } = getComputedStyle(document.body);
      return { card: seen('#layer-conv2_block1_1_conv'), nav: seen('nav'), color, backgroundColor };
    };
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    expect(await page.evaluate(looks)).toEqual({
      card: true,
      nav: false,
      color: 'rgb(23, 33, 43)',
      backgroundColor: 'rgb(255, 255, 255)',
    });
  });
});
