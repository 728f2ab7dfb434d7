/** The Explorer's debugger, what-if and Grad-CAM in a real browser, on the toy network. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleWeb } from '../../scripts/bundleWeb.mjs';
import {
  CHROMIUM_RUNS_HERE,
  type OpenedPage,
  openInChromium,
  serveAsWeb,
} from '../support/programs/chromium.js';
import { findingsOf } from '../support/programs/pageMeasures.js';

const home = mkdtempSync(join(tmpdir(), 'chexgpu-debugger-'));
/** Longer than any of it takes on a machine that does much else. */
const PATIENCE = { timeout: 120_000 };

const at = (page: Page, count: number) =>
  page.locator(`.debugger[data-at="${count}"][data-busy="no"]`).waitFor(PATIENCE);
const goTo = (page: Page, hash: string) =>
  page.evaluate((to) => {
    location.hash = to;
  }, hash);

describe.runIf(CHROMIUM_RUNS_HERE)("the Explorer's debugger", () => {
  let opened: OpenedPage;
  let page: Page;

  beforeAll(async () => {
    await bundleWeb(join(home, 'site'));
    opened = await openInChromium(
      join(home, 'site'),
      'index.html#explorer?tab=debugger&at=2&step=1',
      serveAsWeb,
    );
    ({ page } = opened);
    await at(page, 2);
  });
  afterAll(async () => {
    await opened?.close();
    rmSync(home, { recursive: true, force: true });
  });

  it('goes on from a link, one by one and to a break, and shows what lies there', async () => {
    await page.click('#one');
    await at(page, 3);
    expect(page.url()).toContain('at=3&step=2');
    const list = page.getByRole('listbox');
    await list.focus();
    for (let i = 0; i < 4; i++) await list.press('ArrowDown');
    await page.locator('h2', { hasText: '7. ' }).waitFor(PATIENCE);
    await list.press('b');
    await page.click('#run');
    await at(page, 6);
    await list.press('ArrowDown');
    await list.press('Enter');
    await at(page, 7);
    await page.locator('.look table td').first().waitFor(PATIENCE);
    await page.locator('.look', { hasText: 'Written last by dispatch 7' }).waitFor(PATIENCE);
    await page.getByRole('button', { name: 'What differs' }).click();
    await page.locator('td.right').first().waitFor(PATIENCE);
    expect(await findingsOf(page)).toEqual([]);
  });

  it('opens anew for another picture, and for another plan', async () => {
    await goTo(page, '#explorer?tab=debugger&image=phantom2&at=1');
    await at(page, 1);
    await goTo(page, '#explorer?tab=debugger&image=phantom2&plan=predict&at=2&step=1');
    await at(page, 2);
    expect(await page.locator('#plan').inputValue()).toBe('predict');
    await page.locator('.look', { hasText: 'Written last by dispatch 2' }).waitFor(PATIENCE);
    expect(await page.locator('.message.bad').count()).toBe(0);
  });

  it('tries something out, and goes back to normal', async () => {
    await goTo(page, '#explorer?tab=what-if&zero=conv1/conv:1&slope=0.3&h=auto');
    await page.locator('chexgpu-what-if .columns[data-busy="no"]').waitFor(PATIENCE);
    await page.locator('.outcome .moved').first().waitFor(PATIENCE);
    await page.locator('#quotient').waitFor(PATIENCE);
    const [quotient, gradient] = await Promise.all(
      ['#quotient', '#gradient'].map(async (id) =>
        Number(((await page.locator(id).textContent()) ?? '').replaceAll('\u2212', '-')),
      ),
    );
    expect(Math.abs(gradient)).toBeGreaterThan(0);
    expect(Math.abs(quotient - gradient)).toBeLessThan(0.2 * Math.abs(gradient));
    expect(await findingsOf(page)).toEqual([]);
    await page.click('#normal');
    await page.locator('#changed', { hasText: 'Nothing is changed.' }).waitFor(PATIENCE);
    await page
      .locator('.outcome .moved')
      .first()
      .waitFor({ state: 'detached', ...PATIENCE });
    await page.selectOption('#rate', '0.1');
    await page.locator('#changed', { hasText: 'the learning rate is 0.1' }).waitFor(PATIENCE);
    await page.goBack();
    await page.locator('#changed', { hasText: 'Nothing is changed.' }).waitFor(PATIENCE);
    expect(await page.locator('#rate').inputValue()).toBe('');
  });

  it('swaps the picture for one that is prepared as the one that is looked at', async () => {
    const column = (nth: number) =>
      page.locator(`.outcome tbody tr:not(.loss) td:nth-of-type(${nth})`).allTextContents();
    const changed = page.locator('chexgpu-what-if .columns[data-busy="no"]', {
      hasText: 'Where the picture',
    });
    await goTo(page, '#explorer?tab=what-if&swap=phantom1');
    await changed.filter({ hasText: 'phantom 1:' }).waitFor(PATIENCE);
    expect(new Set(await column(4))).toEqual(new Set(['0']));
    await goTo(page, '#explorer?tab=what-if&swap=phantom2');
    await changed.filter({ hasText: 'phantom 2:' }).waitFor(PATIENCE);
    const swapped = await column(3);
    await goTo(page, '#explorer?tab=what-if&image=phantom2&swap=phantom2');
    await changed.filter({ hasText: 'phantom 2, as it is' }).waitFor(PATIENCE);
    expect([await column(2), await column(3)]).toEqual([swapped, swapped]);
  });

  it('puts Grad-CAM together as the GPU does', async () => {
    await goTo(page, '#explorer?tab=gradcam&cam=4&sum=1&score=logit&output=99');
    await page.locator('.sum figure').nth(2).waitFor(PATIENCE);
    // The last, as there is no such output.
    expect(await page.locator('#output').inputValue()).toBe('3');
    for (let step = 5; step <= 7; step++) await page.click('#next');
    const said = (await page.locator('text=differs by').textContent()) ?? '';
    const off = Number(/differs by\s+([\d.e\u2212-]+) at most/.exec(said)?.[1].replace('\u2212', '-'));
    expect(off).toBeLessThan(1e-4);
    expect(await findingsOf(page)).toEqual([]);
  });
});
