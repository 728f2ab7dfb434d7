/** `loadWeights` with the Cache storage of a real browser. */
import { createHash } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { writeWeights } from '../../src/densenet/weights/formats.js';
import { randomWeights, TINY } from '../densenet/weights/keras/h5Fixtures.js';
import { CHROMIUM_RUNS_HERE } from '../support/programs/chromium.js';
import { libraryPage } from '../support/programs/libraryPage.js';

type Host = typeof globalThis & { chexgpu: typeof import('../../src/index.js') };

describe.runIf(CHROMIUM_RUNS_HERE)('loadWeights in Chromium', () => {
  const host = libraryPage();
  const file = join(host.folder, 'w.safetensors');
  let sha256 = '';

  beforeAll(async () => {
    const bytes = await writeWeights('safetensors', randomWeights(TINY), TINY, { labels: ['a', 'b', 'c'] });
    sha256 = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(file, bytes);
  });

  const load = (cache: boolean) =>
    host.opened.page.evaluate(
      ([sha256, cache]) =>
        (globalThis as Host).chexgpu.loadWeights('w.safetensors', { sha256, cache }).then(
          ({ labels, fromCache, notCached }) => ({ labels, fromCache, notCached }),
          (error: Error) => ({ error: error.message }),
        ),
      [sha256, cache] as [string, boolean],
    );

  it('says that the storage is full, and loads; keeps a file; works without a server; forgets', async () => {
    const { opened } = host;
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
    rmSync(file);
    await opened.page.reload();
    await opened.page.waitForFunction(() => 'chexgpu' in globalThis);
    expect(await load(true)).toEqual({ ...known, fromCache: true });
    expect(await opened.page.evaluate(() => (globalThis as Host).chexgpu.clearWeightsCache())).toBe(true);
    expect(await load(true)).toMatchObject({
      error: expect.stringMatching(/w\.safetensors: the server answers 404/),
    });
  });
});
