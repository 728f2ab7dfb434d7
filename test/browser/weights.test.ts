/** `loadWeights` with the Cache storage of a real browser. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleLibrary } from '../../scripts/bundle.mjs';
import { writeWeights } from '../../src/densenet/weights/formats.js';
import { randomWeights, TINY } from '../densenet/weights/keras/h5Fixtures.js';
import { CHROMIUM_RUNS_HERE, type OpenedPage, openInChromium } from '../support/programs/chromium.js';

type Host = typeof globalThis & { chexgpu: typeof import('../../src/index.js') };

const PAGE =
  '<!doctype html><link rel="icon" href="data:,"><title>weights</title><script type="module" src="page.js"></script>';

describe.runIf(CHROMIUM_RUNS_HERE)('loadWeights in Chromium', () => {
  const folder = mkdtempSync(join(tmpdir(), 'chexgpu-weights-'));
  let opened: OpenedPage;
  let sha256 = '';

  beforeAll(async () => {
    await bundleLibrary(folder);
    writeFileSync(join(folder, 'index.html'), PAGE);
    writeFileSync(
      join(folder, 'page.js'),
      "import * as chexgpu from './chexgpu.js'; globalThis.chexgpu = chexgpu;",
    );
    const bytes = await writeWeights('safetensors', randomWeights(TINY), TINY, { labels: ['a', 'b', 'c'] });
    sha256 = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(join(folder, 'w.safetensors'), bytes);
    opened = await openInChromium(folder);
    await opened.page.waitForFunction(() => 'chexgpu' in globalThis);
  });
  afterAll(async () => {
    await opened?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const load = (cache: boolean) =>
    opened.page.evaluate(
      ([sha256, cache]) =>
        (globalThis as Host).chexgpu.loadWeights('w.safetensors', { sha256, cache }).then(
          ({ labels, fromCache, notCached }) => ({ labels, fromCache, notCached }),
          (error: Error) => ({ error: error.message }),
        ),
      [sha256, cache] as [string, boolean],
    );

  it('says that the storage is full, and loads; keeps a file; works without a server; forgets', async () => {
    const devtools = await opened.page.context().newCDPSession(opened.page);
    const origin = opened.origin.slice(0, -1);
    await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 100 });
    expect(await load(true)).toMatchObject({
      fromCache: false,
      notCached: expect.stringMatching(/QuotaExceeded/),
    });
    await devtools.send('Storage.overrideQuotaForOrigin', { origin });
    const known = { labels: ['a', 'b', 'c'], notCached: null };
    expect(await load(true)).toEqual({ ...known, fromCache: false });
    rmSync(join(folder, 'w.safetensors'));
    await opened.page.reload();
    await opened.page.waitForFunction(() => 'chexgpu' in globalThis);
    expect(await load(true)).toEqual({ ...known, fromCache: true });
    expect(await opened.page.evaluate(() => (globalThis as Host).chexgpu.clearWeightsCache())).toBe(true);
    expect(await load(true)).toMatchObject({
      error: expect.stringMatching(/w\.safetensors: the server answers 404/),
    });
  });
});
