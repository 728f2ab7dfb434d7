/** The Trainer in a real browser: data, training, pause, reload, results and files. */
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleWeb } from '../../scripts/bundleWeb.mjs';
import { writePhantoms } from '../../src/data/phantoms/writePhantoms.node.js';
import { LABELS } from '../../src/data/tables/labels.js';
import { initialWeights } from '../../src/densenet/initialisers.js';
import { readWeightFile, writeWeightFile } from '../../src/densenet/weights/weights.node.js';
import { TINY } from '../support/networks/tinyNet.js';
import {
  CHROMIUM_RUNS_HERE,
  type OpenedPage,
  openInChromium,
  serveAsWeb,
} from '../support/programs/chromium.js';
import { findingsOf, loseGpu, taskTimes } from '../support/programs/pageMeasures.js';

const home = mkdtempSync(join(tmpdir(), 'chexgpu-trainer-'));
const WEIGHTS = join(home, 'tiny.safetensors');
const CONFIG = { ...TINY, classes: LABELS.length };
/** Longer than any of them takes on a machine that does much else. */
const PATIENCE = { timeout: 240_000 };

/** Epochs of a training that is not over before a click stops it, on a fast machine either. */
const LONG_ENOUGH = 15;

/** A small training, as a user sets it. */
async function setUp(page: Page, epochs: number): Promise<void> {
  await page.locator('input[value=file]').check();
  await page.setInputFiles('#weights', WEIGHTS);
  for (const [field, value] of Object.entries({ batchSize: 4, epochs, stepsPerEpoch: '' })) {
    await page.fill(`#${field}`, String(value));
    await page.locator(`#${field}`).blur();
  }
}

/** Clicks a button when so many steps are taken, once. */
async function afterSteps(page: Page, steps: number, button: '#pause' | '#stop'): Promise<void> {
  await page.evaluate(
    ([wanted, button]) => {
      const trainer = document.querySelector('chexgpu-app')!.shadowRoot!.querySelector('chexgpu-trainer')!;
      let taken = 0;
      trainer.addEventListener('chexgpu-step', () => {
        // Steps may be told in one go, before the button is there.
        const shown = trainer.shadowRoot!.querySelector<HTMLButtonElement>(`${button}:not([disabled])`);
        if (++taken < wanted || !shown) return;
        taken = Number.NEGATIVE_INFINITY;
        shown.click();
      });
    },
    [steps, button] as const,
  );
}

const inState = (page: Page, state: string) => page.locator(`[data-state=${state}]`).waitFor(PATIENCE);

async function saved(page: Page, button: string, name: string): Promise<string> {
  const [download] = await Promise.all([page.waitForEvent('download'), page.click(button)]);
  const path = join(home, name);
  await download.saveAs(path);
  return path;
}

const sha256 = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');

describe.runIf(CHROMIUM_RUNS_HERE)('the Trainer', () => {
  let opened: OpenedPage;
  let page: Page;

  beforeAll(async () => {
    const site = join(home, 'site');
    await bundleWeb(site);
    await writeWeightFile(WEIGHTS, initialWeights(CONFIG, 3), CONFIG, {});
    opened = await openInChromium(site, 'index.html#trainer', serveAsWeb);
    ({ page } = opened);
    await page.locator('#draw:not([disabled])').waitFor(PATIENCE);
  });
  afterAll(async () => {
    await opened?.close();
    rmSync(home, { recursive: true, force: true });
  });

  it('trains on phantoms, and after a pause and a reload of the page comes to the same bits', async () => {
    await page.fill('#phantom-images', '24');
    await page.locator('#phantom-images').blur();
    await page.click('#draw');
    await page.getByText('No leakage').waitFor(PATIENCE);
    // So many that a pause comes before the end, however late the page hears of a step.
    await setUp(page, LONG_ENOUGH);
    const longestTask = await taskTimes(page);
    await page.click('#train');
    await inState(page, 'done');
    await page.getByText(/^Grad-CAM of .*p = 0\./).waitFor(PATIENCE);
    const longest = await longestTask();
    console.log(`Trainer: the page's longest task took ${longest.toFixed(0)} ms`);
    expect(longest).toBeLessThan(50);
    const whole = await saved(page, '#safetensors', 'whole.safetensors');

    await afterSteps(page, 5, '#pause');
    await page.click('#train');
    await inState(page, 'paused');
    await page.getByText(/A training waits: ([1-9]|1[0-4]) of 15 epochs/).waitFor();
    await page.reload();
    await page.locator('#go-on:not([disabled])').waitFor(PATIENCE);
    expect(await page.locator('#batchSize').inputValue()).toBe('4');
    await page.click('#go-on');
    await inState(page, 'done');
    const resumed = await saved(page, '#safetensors', 'resumed.safetensors');
    expect(sha256(resumed)).toBe(sha256(whole));

    // It learned, and what Keras reads is the same network.
    const hdf5 = await saved(page, '#keras', 'weights.h5');
    const [a, b] = [await readWeightFile(resumed, CONFIG), await readWeightFile(hdf5, CONFIG)];
    expect([...b.tensors.keys()].sort()).toEqual([...a.tensors.keys()].sort());
    for (const [name, values] of a.tensors) expect(b.tensors.get(name), name).toEqual(values);
    const start = initialWeights(CONFIG, 3);
    expect(a.tensors.get('dense_1/kernel')).not.toEqual(start.get('dense_1/kernel'));
    for (const { labels, preprocessing } of [a, b]) {
      expect(labels).toEqual(LABELS);
      expect(preprocessing).toMatchObject({ size: 64, normalisation: { kind: 'featurewise' } });
    }
    for (const scheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme: scheme });
      expect(await findingsOf(page)).toEqual([]);
    }
    expect(opened.problems).toEqual([]);
  });

  it('takes a folder, says that its splits leak, and goes on with the same folder only', async () => {
    const data = join(home, 'data');
    await writePhantoms({ out: data, images: 12, size: 64, seed: 5, balanced: true });
    const other = join(home, 'other');
    cpSync(data, other, { recursive: true });
    const table = readFileSync(join(data, 'valid.csv'), 'utf8').trimEnd().split('\n');
    const leaking = readFileSync(join(data, 'train.csv'), 'utf8').split('\n')[1];
    writeFileSync(join(other, 'valid.csv'), `${[...table, leaking].join('\n')}\n`);

    await page.click('#other-data');
    await page.setInputFiles('#folder', other);
    await page.getByText(/train and valid: 1 patients .*1 images in both/).waitFor(PATIENCE);
    await page.click('#other-data');
    await page.setInputFiles('#folder', data);
    await page.getByText('No leakage').waitFor(PATIENCE);
    await setUp(page, LONG_ENOUGH);
    await page.locator('input[name=csvLog]').check();
    await afterSteps(page, 1, '#pause');
    await page.click('#train');
    await inState(page, 'paused');
    await page.reload();
    await page.getByText('give the same folder').waitFor(PATIENCE);
    expect(await page.locator('#go-on').isDisabled()).toBe(true);
    await page.setInputFiles('#folder', other);
    await page.locator('#go-on:not([disabled])').click();
    await page.getByText('was one of other data').waitFor(PATIENCE);
    await page.click('#other-data');
    await page.setInputFiles('#folder', data);
    await page.locator('#go-on:not([disabled])').click();
    await inState(page, 'done');
    const log = await saved(page, 'button:has-text("log.csv")', 'log.csv');
    expect(readFileSync(log, 'utf8')).toMatch(/^epoch,.*\r?\n0,/);
    // Of pictures, patients and names of files nothing stays.
    const kept = await page.evaluate(async () => {
      const root = await (await navigator.storage.getDirectory()).getDirectoryHandle('chexgpu-trainer');
      return (await (await root.getFileHandle('state.json')).getFile()).text();
    });
    expect(kept).not.toMatch(/\.png|data\//);
  });

  it('says what is wrong with a folder, and with settings', async () => {
    const broken = join(home, 'broken');
    mkdirSync(join(broken, 'images'), { recursive: true });
    writeFileSync(join(broken, 'images', 'a.png'), '');
    await page.click('#other-data');
    await page.setInputFiles('#folder', broken);
    await page.getByText('There is no train.csv').waitFor(PATIENCE);
    cpSync(join(home, 'data'), broken, { recursive: true });
    const image = readFileSync(join(broken, 'valid.csv'), 'utf8').split('\n')[1].split(',')[0];
    rmSync(join(broken, 'images', image));
    await page.setInputFiles('#folder', broken);
    await page.getByText(`valid.csv, line 2: images/${image} is not there`).waitFor(PATIENCE);
    await page.setInputFiles('#folder', join(home, 'data'));
    await page.getByText('No leakage').waitFor(PATIENCE);
    // What holds is shown, and an emptied field goes back to it.
    const rate = page.getByRole('spinbutton', { name: 'learning rate', exact: true });
    const usual = await rate.inputValue();
    expect(Number(usual)).toBeGreaterThan(0);
    for (const field of [page.locator('#batchSize'), rate]) {
      const before = await field.inputValue();
      await field.fill('');
      await field.blur();
      await expect.poll(() => field.inputValue()).toBe(before);
    }
    // Two in one turn of the page: both count.
    await page.locator('chexgpu-training-form').evaluate((form) => {
      for (const name of ['reduceLr', 'earlyStopping']) {
        form.shadowRoot!.querySelector<HTMLInputElement>(`input[name=${name}]`)!.click();
      }
    });
    expect(
      await page.getByLabel('patience').evaluateAll((all: HTMLInputElement[]) => all.map((one) => one.value)),
    ).toEqual(['1', '1']);
    await page.locator('input[name=reduceLr]').uncheck();
    await page.locator('input[name=earlyStopping]').uncheck();
    // By the keyboard alone.
    await page.locator('input[name=reduceLr]').press('Space');
    await page.locator('#schedule').press('ArrowDown');
    await page.locator('#train').press('Enter');
    await page.getByText('sets the learning rate of every step, and so does a callback').waitFor(PATIENCE);

    await page.locator('#schedule').press('ArrowUp');
    await setUp(page, LONG_ENOUGH);
    await afterSteps(page, 1, '#stop');
    await page.locator('#train').press('Enter');
    await inState(page, 'done');
    await page.getByText('It ended before its last epoch: ended by hand.').waitFor(PATIENCE);
  });

  it('says that the GPU was lost, and goes on from the last checkpoint when it is opened again', async () => {
    // The settings are folded up beside results.
    await page
      .locator('chexgpu-trainer details:has(chexgpu-training-form)')
      .evaluate((settings: HTMLDetailsElement) => settings.toggleAttribute('open', true));
    await setUp(page, 60);
    await page.locator('input[name=reduceLr]').uncheck();
    await page.click('#train');
    await page.getByText(/^Epoch [2-9] of 60,/).waitFor(PATIENCE);
    await loseGpu(page);
    await page.getByText('The GPU was lost: ').waitFor(PATIENCE);
    await page.locator('#reopen:not([disabled])').waitFor(PATIENCE);
    expect(await page.locator('#go-on').isDisabled()).toBe(true);
    expect(await findingsOf(page)).toEqual([]);
    await page.click('#reopen');
    await page.getByText(/A training waits: \d+ of 60 epochs/).waitFor(PATIENCE);
    await page.locator('#go-on:not([disabled])').click(PATIENCE);
    await inState(page, 'done');
    expect(await page.locator('chexgpu-trainer .message.bad').count()).toBe(0);
  });
});
