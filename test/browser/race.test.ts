/** The Race in a real browser: some kernels, a small network, cancelling, files, TensorFlow.js beside it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseDocument } from '../../bench/document/checkDocument.js';
import { documentText } from '../../bench/document/document.js';
import { bundleWeb } from '../../scripts/bundleWeb.mjs';
import { document, KERNELS, MODEL, PEERS } from '../bench/document/documents.js';
import {
  CHROMIUM_RUNS_HERE,
  type OpenedPage,
  openInChromium,
  serveAsWeb,
} from '../support/programs/chromium.js';
import { chexgpu, ensureBuilt } from '../support/programs/cli.js';
import { findingsOf, taskTimes } from '../support/programs/pageMeasures.js';

const home = mkdtempSync(join(tmpdir(), 'chexgpu-race-'));
const site = join(home, 'site');
/** Longer than any of them takes on a machine that does much else. */
const PATIENCE = { timeout: 240_000 };
/** The smallest that the page has. */
const NETWORK = 'densenet121, one layer per block';
const TFJS = 'race-tfjs.js';

const inState = (page: Page, ...states: string[]) =>
  page.locator(states.map((state) => `[data-state=${state}]`).join(',')).waitFor(PATIENCE);

/** The classifier's kernels in the smallest network, once each. */
async function setUp(page: Page): Promise<void> {
  await page.selectOption('#network', NETWORK);
  for (const [field, value] of Object.entries({ size: 32, batch: 1, repeats: 1 })) {
    await page.fill(`#${field}`, String(value));
    await page.locator(`#${field}`).blur();
  }
  await page.selectOption('#kind', 'predict');
  await page.selectOption('#part', 'head');
  for (const direction of ['forward', 'backward']) await page.locator(`#${direction}-conv`).uncheck();
  await page.locator('#forward-dense').check();
}

async function looksGood(page: Page): Promise<void> {
  for (const scheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    expect(await findingsOf(page)).toEqual([]);
  }
}

async function saved(page: Page): Promise<string> {
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#save')]);
  const path = join(home, download.suggestedFilename());
  await download.saveAs(path);
  return path;
}

describe.runIf(CHROMIUM_RUNS_HERE)('the Race', () => {
  let opened: OpenedPage;
  let page: Page;
  const fetched: string[] = [];

  beforeAll(async () => {
    await Promise.all([bundleWeb(site), ensureBuilt()]);
    opened = await openInChromium(site, 'index.html#race', serveAsWeb);
    ({ page } = opened);
    page.context().on('request', (request) => fetched.push(request.url()));
    await page.locator('#race:not([disabled])').waitFor(PATIENCE);
  });
  afterAll(async () => {
    await opened?.close();
    rmSync(home, { recursive: true, force: true });
  });

  it('shows what the command wrote, and says what is wrong with another file', async () => {
    await looksGood(page);
    const path = join(home, 'result.json');
    const model = { rows: [{ ...MODEL, groups: KERNELS.step }], pipeline: [], scaling: null };
    const html = '<img src=x onerror=document.title=1>';
    const text = documentText(document({ kernels: KERNELS, model, peers: PEERS, commandLine: html }));
    writeFileSync(path, text);
    await page.setInputFiles('#file', path);
    await inState(page, 'loaded');
    expect(await page.textContent('#head')).toContain(`Linux. ${html}.`);
    expect(await page.locator('#head img').count()).toBe(0);
    expect(await page.textContent('#model')).toContain('conv.forward.subgroup');
    expect(await page.textContent('#peers')).toContain('4.00');
    expect(await page.textContent('#variants')).toContain(
      'conv.forward.tiled was not timed: y[3] is 1 & not <2>',
    );
    expect(await page.textContent('.factor >> nth=-1')).toBe('2.00 ×');
    expect(readFileSync(await saved(page), 'utf8')).toBe(text);
    await page.locator('chexgpu-roofline circle[tabindex="0"]').focus();
    await page
      .getByText(
        'conv.forward.subgroup on [4,8,8,64] 1x1 -> 128: 6.67 GFLOP/s at 100 FLOPs per byte, 27 % of',
      )
      .waitFor(PATIENCE);
    await looksGood(page);

    writeFileSync(path, text.replace('"stepMs": 3', '"stepMs": "3"'));
    await page.setInputFiles('#file', path);
    await page.getByText('result.json is no result: kernels.stepMs is "3", it must be a number.').waitFor();
    writeFileSync(path, '{');
    await page.setInputFiles('#file', path);
    await page.getByText('result.json is no JSON').waitFor();
    expect(await page.textContent('#head')).toContain('result.json');
    expect(await findingsOf(page)).toEqual([]);
  });

  it('races kernels and the network, never keeps the page waiting, and writes what the command reads', async () => {
    await setUp(page);
    const longestTask = await taskTimes(page);
    await page.locator('#race').press('Enter');
    await inState(page, 'done', 'failed');
    const longest = await longestTask();
    console.log(`Race: the page's longest task took ${longest.toFixed(0)} ms`);
    expect(await page.locator('.message').allTextContents()).toEqual([]);
    await looksGood(page);

    const path = await saved(page);
    expect(path).toMatch(/swiftshader-\d{4}-\d{2}-\d{2}\.json$/);
    const { peaks, kernels, model, adapter, versions } = parseDocument(readFileSync(path, 'utf8'), path);
    expect([adapter.kind, versions.browser]).toEqual(['swiftshader', expect.stringMatching(/^Chrome \d+/)]);
    expect(peaks!.gflops).toBeGreaterThan(0);
    expect(kernels).toMatchObject({ network: NETWORK, part: 'head', kind: 'predict', failed: [] });
    expect(kernels!.checks).toBeGreaterThan(5);
    expect(kernels!.rows.map(({ op, variant }) => `${op}.${variant}`).sort()).toEqual([
      'dense.forward.naive',
      'dense.forward.tiled',
    ]);
    expect(model!.rows.map(({ kind, size, batch }) => [kind, size, batch])).toEqual([
      ['predict', 32, 1],
      ['train', 32, 1],
    ]);
    expect(model!.rows.every(({ ms, groups }) => ms > 0 && groups!.length > 5)).toBe(true);

    const shown = await chexgpu(['bench', 'show', path, '--out', `${home}/again.json`]);
    expect(shown.code, shown.stderr).toBe(0);
    expect(shown.stdout).toMatch(/^Peaks measured here: /m);
    expect(shown.stdout).toMatch(/predict 1x32 .*images\/s|Where train 1x32 spends its time/);
    await page.setInputFiles('#file', join(home, 'again.json'));
    await inState(page, 'loaded');
    expect(await page.textContent('#head')).toContain('again.json');
    expect(longest).toBeLessThan(50);
  });

  it('is cancelled at any moment, and goes on when it is asked again', async () => {
    await page.locator('#with-kernels').uncheck();
    await page.click('#race');
    await inState(page, 'racing');
    await page.locator('#cancel').press('Enter');
    await inState(page, 'cancelled');
    await page.getByText('Cancelled. What was measured before is shown').waitFor();
    expect(await findingsOf(page)).toEqual([]);
    await page.fill('#size', '30');
    await page.locator('#size').blur();
    await page.click('#race');
    await inState(page, 'failed');
    expect(await page.textContent('.message.bad')).toMatch(/30/);
    expect(await findingsOf(page)).toEqual([]);
    await page.fill('#size', '32');
    await page.locator('#size').blur();
  });

  it('fetches TensorFlow.js when it is asked for and not before, and compares its numbers', async () => {
    await page.waitForFunction(async () => (await navigator.serviceWorker.getRegistration())?.active ?? null);
    expect(fetched.filter((url) => url.endsWith(TFJS))).toEqual([]);
    const isKept = () =>
      page.evaluate(async (file) => Boolean(await caches.match(new URL(file, location.href).href)), TFJS);
    expect(await isKept()).toBe(false);
    await page.click('#tfjs');
    await page.locator('.message.bad').waitFor({ ...PATIENCE, state: 'hidden' });
    await inState(page, 'done', 'failed');
    expect(await page.locator('.message').allTextContents()).toEqual([]);
    const { peers } = parseDocument(readFileSync(await saved(page), 'utf8'), 'saved');
    expect(peers!.results.map(({ job }) => job.kind)).toEqual(['forward']);
    for (const { rows, ratios } of peers!.results) {
      expect(rows.map(({ status, note }) => [status, note])).toEqual([
        ['ok', expect.stringContaining('its kernels were checked')],
        ['ok', ''],
      ]);
      expect(rows[1].error).toBeLessThan(1e-3);
      expect(ratios['tfjs-webgpu']).toBeGreaterThan(0);
    }
    expect(await page.textContent('#peers')).toMatch(/times as fast/);
    expect(await findingsOf(page)).toEqual([]);
  });

  it('fits every width, and has met no error, no policy and no other host on the way', async () => {
    for (const width of [390, 760, 1180, 1920]) {
      await page.setViewportSize({ width, height: 900 });
      expect(await page.evaluate(() => window.document.documentElement.scrollWidth)).toBeLessThanOrEqual(
        width,
      );
    }
    expect(opened.problems).toEqual([]);
  });
});
