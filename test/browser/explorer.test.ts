/** The Explorer as a page: its tour, its numbers against plain loops in float64, keyboard, axe, and without WebGPU. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LitElement } from 'lit';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleWeb } from '../../scripts/bundleWeb.mjs';
import { labelledBatch, phantomPicture } from '../../web/pages/explorer/inWorker/pictures.js';
import { readToy } from '../../web/pages/explorer/record/readToy.js';
import { TOUR } from '../../web/pages/explorer/tour/steps.js';
import {
  type Numbers,
  referenceForward,
  referenceLoss,
  toFloat64,
} from '../support/networks/referenceNet.js';
import {
  CHROMIUM_RUNS_HERE,
  type OpenedPage,
  openInChromium,
  serveAsWeb,
} from '../support/programs/chromium.js';
import { findingsOf, taskTimes } from '../support/programs/pageMeasures.js';

/** Longer than any of it takes on a machine that does much else. */
const PATIENCE = { timeout: 120_000 };
const READY = 3000;
const LONGEST_TASK = 50;
const WEIGHT = 'conv1/conv/kernel';
const CORNER = 5; // kernel[0,0,0,5] in C order

/** What plain loops in float64 make of the same picture and weights. */
async function plainReference() {
  const { network, weights, labels: names, preparation } = await readToy();
  const { config } = network;
  const { pixels, labels } = labelledBatch(network, phantomPicture('phantom1')!, names, null, preparation);
  const mean = pixels.reduce((sum, value) => sum + value, 0) / pixels.length;
  const variance = pixels.reduce((sum, value) => sum + (value - mean) ** 2, 0) / pixels.length;
  const data = Float64Array.from(pixels, (value) => (value - mean) / (Math.sqrt(variance) + 1e-6));
  const image = { shape: [1, 16, 16, 1] as const, data };
  const ones = names.map(() => 1);
  const loss = { posWeights: ones, negWeights: ones };
  const exact = toFloat64(weights);
  const lossWith = (change: (weights: Numbers) => void) => {
    const moved = toFloat64(weights);
    change(moved);
    return referenceLoss(config, moved, image, labels, loss);
  };
  const slope = (change: (weights: Numbers, h: number) => void) => {
    const h = 1e-6;
    return (lossWith((w) => change(w, h)) - lossWith((w) => change(w, -h))) / (2 * h);
  };
  const { probabilities, logits, stats } = referenceForward(config, exact, image, true);
  return {
    ...{ image, probabilities, logits, labels, names },
    stats: stats.get('conv1/bn')!,
    loss: lossWith(() => {}),
    weight: weights.get(WEIGHT)![CORNER],
    gradient: slope((w, h) => {
      w.get(WEIGHT)![CORNER] += h;
    }),
    ofLogit: slope((w, h) => {
      w.get('dense_1/bias')![0] += h;
    }),
  };
}

const numberIn = (text: string | null) => Number((text ?? '').trim().replaceAll('\u2212', '-'));
const shown = async (page: Page, selector: string, at = 0) =>
  numberIn(await page.locator(selector).nth(at).textContent(PATIENCE));

async function atStep(page: Page, number: number): Promise<void> {
  await page.getByText(`${number} of ${TOUR.length}`).waitFor(PATIENCE);
}

describe.runIf(CHROMIUM_RUNS_HERE)('the Explorer', () => {
  const site = mkdtempSync(join(tmpdir(), 'chexgpu-explorer-'));
  let opened: OpenedPage;
  let page: Page;
  let expected: Awaited<ReturnType<typeof plainReference>>;

  beforeAll(async () => {
    expected = await plainReference();
    await bundleWeb(site);
    opened = await openInChromium(site, 'icon.svg', serveAsWeb);
    ({ page } = opened);
    page.setDefaultTimeout(PATIENCE.timeout);
    await page.emulateMedia({ reducedMotion: 'reduce' });
  });
  afterAll(async () => {
    await opened?.close();
    rmSync(site, { recursive: true, force: true });
  });

  it('is there at once, and its values follow', async () => {
    const longest = await taskTimes(page);
    await page.goto(`${opened.origin}index.html#explorer`);
    await page.locator('chexgpu-explore .map svg').waitFor(PATIENCE);
    const drawn = await page.evaluate(() => performance.now());
    await page.locator('.ends .loss b', { hasText: /\d/ }).waitFor(PATIENCE);
    const there = await page.evaluate(() => performance.now());
    const processor = await longest();
    console.log(
      `Explorer: drawn after ${drawn.toFixed(0)} ms (bar ${READY}), values after ${there.toFixed(0)} ms; ` +
        `the longest task took ${processor.toFixed(0)} ms of the processor (bar ${LONGEST_TASK})`,
    );
    expect(processor).toBeLessThan(LONGEST_TASK);
    expect(await shown(page, '.ends .loss b')).toBeCloseTo(expected.loss, 4);
    for (const [k, p] of expected.probabilities.entries()) {
      expect(await shown(page, '.ends .value', k)).toBeCloseTo(p, 2);
    }
  });

  it('takes somebody along one number, from its pixel to the loss and back, as plain loops have it', async () => {
    await page.click('#tour');
    const { stats, logits, gradient, weight } = expected;
    const seen: Record<string, () => Promise<void>> = {
      'One pixel': async () => {
        expect(await shown(page, '.result .gpu')).toBeCloseTo(expected.image.data[10 * 16 + 11], 5);
      },
      'Batch norm': async () => {
        expect(await shown(page, '.norm tbody tr:nth-child(1) td')).toBeCloseTo(stats.data[5], 4);
        expect(await shown(page, '.norm tbody tr:nth-child(2) td')).toBeCloseTo(stats.data[8 + 5], 3);
      },
      Logits: async () => expect(await shown(page, '.result .gpu')).toBeCloseTo(logits.data[0], 4),
      'Probabilities and loss': async () => {
        expect(await shown(page, '.result .gpu')).toBeCloseTo(expected.loss, 4);
        expect(await shown(page, '.result .plain-sum')).toBeCloseTo(expected.loss, 4);
      },
      'And back': async () => expect(await shown(page, '.result .gpu')).toBeCloseTo(expected.ofLogit, 4),
      'One weight': async () => {
        expect(await shown(page, '.weight-before')).toBeCloseTo(weight, 7);
        const close = 1e-3 * Math.abs(gradient) + 1e-6;
        expect(Math.abs((await shown(page, '.result .gpu')) - gradient)).toBeLessThan(close);
        // In Adam's first step nearly the learning rate, against the gradient.
        const step = (1e-3 * gradient) / (Math.abs(gradient) + 1e-7 / Math.sqrt(1e-3));
        expect(await shown(page, '.weight-after')).toBeCloseTo(weight - step, 6);
      },
    };
    for (const [i, { title }] of TOUR.entries()) {
      await atStep(page, i + 1);
      expect(await page.locator('.tour h2').textContent()).toBe(title);
      await seen[title]?.();
      delete seen[title];
      // Twice the same number, by a plain sum and by the GPU.
      if ((await page.locator('.result .plain-sum').count()) > 0) {
        const plain = await shown(page, '.result .plain-sum');
        const close = 2e-4 * Math.abs(plain) + 2e-6;
        expect(Math.abs(plain - (await shown(page, '.result .gpu'))), title).toBeLessThan(close);
      }
      await page.click('#next');
    }
    expect(Object.keys(seen)).toEqual([]);
    await page.locator('#tour').waitFor(PATIENCE);
    // Every step was a place: the browser's way back leads through them.
    await page.goBack();
    await atStep(page, TOUR.length);
    await page.goBack();
    await atStep(page, TOUR.length - 1);
  });

  it('is walked by keyboard through every level, and its address says where', async () => {
    await page.goto(`${opened.origin}index.html#explorer?layer=conv1/conv`);
    const stage = page.locator('.stage');
    await stage.focus();
    const level = () => page.locator('.trail [aria-current=step] small').textContent();
    for (const name of ['Block', 'Channel', 'Pixel']) {
      await page.keyboard.press('Enter');
      await expect.poll(level, PATIENCE).toBe(name);
    }
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('PageDown');
    await expect
      .poll(() => page.evaluate('location.hash'), PATIENCE)
      .toBe('#explorer?level=pixel&channel=1&pixel=1,1');
    await expect.poll(() => page.locator('#cursor').textContent(), PATIENCE).toMatch(/pixel \(1, 1\). It is/);
    for (const name of ['Channel', 'Block', 'Network']) {
      await page.keyboard.press('Escape');
      await expect.poll(level, PATIENCE).toBe(name);
    }
  });

  it('goes to the layer that is clicked, and is where one was when one comes back from another page', async () => {
    const layer = (name: string) =>
      expect.poll(() => page.evaluate('location.hash'), PATIENCE).toContain(`layer=${name}`);
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.goto(`${opened.origin}index.html#explorer?layer=input_1`);
    const stem = page.locator('.over').first();
    const { width } = (await stem.boundingBox())!;
    // Of the stem's five columns the third, at its right edge; the button has a rim of 7 pixels.
    await stem.click({ position: { x: 7 + (3 * (width - 14)) / 5 - 2, y: 60 } });
    await layer('conv1/bn');
    await page.evaluate("location.hash = '#race'");
    await page.locator('chexgpu-race').waitFor(PATIENCE);
    await page.click('nav a[href="#explorer"]');
    await layer('conv1/bn');
  });

  it('leaves what is being typed alone, and says where there is no such weight', async () => {
    await page.goto(
      `${opened.origin}index.html#explorer?level=pixel&layer=conv1/conv&channel=5&direction=update`,
    );
    await page.locator('.weight-after').waitFor(PATIENCE);
    await page.locator('#weight').fill('conv1/conv/kern');
    // Values that arrive draw the level anew.
    await page.locator('chexgpu-explore').evaluate((element) => (element as LitElement).requestUpdate());
    await page.locator('chexgpu-explore').evaluate((element) => (element as LitElement).updateComplete);
    expect(await page.inputValue('#weight')).toBe('conv1/conv/kern');
    await page.locator('#weight').press('Enter');
    await page.getByText('There is no weight conv1/conv/kern that learns.').waitFor(PATIENCE);
    expect(await page.locator('chexgpu-explorer [role=alert]').count()).toBe(0);
  });

  it('has nothing that axe finds, wide and narrow, light and dark', async () => {
    const looks = [
      ['?layer=conv1/conv', 'light', 1440],
      ['?level=block&layer=conv2_block2_concat&channel=5&direction=backward', 'dark', 1440],
      ['?level=channel&layer=conv1/bn&channel=5&pixel=6,7', 'light', 390],
      ['?level=pixel&layer=conv1/conv&channel=5&pixel=6,7&direction=update', 'dark', 390],
    ] as const;
    for (const [place, colorScheme, width] of looks) {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.goto(`${opened.origin}index.html#explorer${place}`);
      await page.locator('.ends .value, .arrivals b, .norm table, .weight-after').first().waitFor(PATIENCE);
      expect(await findingsOf(page), place).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    }
    expect(opened.problems).toEqual([]);
  });

  it('shows recorded values where there is no WebGPU, and says so', async () => {
    const context = await page.context().browser()!.newContext({ serviceWorkers: 'block' });
    const other = await context.newPage();
    await other.route('**/worker.js', async (route) => {
      const answer = await route.fetch();
      const body = `Object.defineProperty(navigator, 'gpu', { value: undefined });\n${await answer.text()}`;
      await route.fulfill({ response: answer, body });
    });
    await other.goto(`${opened.origin}index.html#explorer?level=pixel&layer=dense_1`);
    await other.getByText('No WebGPU here: these values were recorded').waitFor(PATIENCE);
    expect(await shown(other, '.result .gpu')).toBeCloseTo(expected.logits.data[0], 4);
    await other.goto(`${opened.origin}index.html#explorer?level=pixel&direction=update`);
    expect(await shown(other, '.weight-before')).toBeCloseTo(expected.weight, 7);
    await other.goto(`${opened.origin}index.html#explorer?network=densenet121`);
    await other.getByText('only one step is recorded').waitFor(PATIENCE);
    await context.close();
  });
});
