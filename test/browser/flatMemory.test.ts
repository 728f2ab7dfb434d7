/** A thousand predictions in a page: the bytes on the GPU, and those of the page, stay as they are. */
import { describe, expect, it } from 'vitest';
import { TINY, tinyBatch } from '../support/networks/tinyNet.js';
import { CHROMIUM_RUNS_HERE } from '../support/programs/chromium.js';
import { libraryPage } from '../support/programs/libraryPage.js';

type Library = typeof import('../../src/index.js');
interface Kept {
  /** Predictions; the bytes on the GPU behind them. */
  run(times: number): Promise<number>;
}
type Host = typeof globalThis & { chexgpu: Library; kept: Kept };

const PREDICTIONS = 1000;
/** What a prediction may leave in the page's heap: less than anything that is kept of it. */
const BYTES_EACH = 50;

describe.runIf(CHROMIUM_RUNS_HERE)('a page that predicts again and again', () => {
  const host = libraryPage();

  it(`has the same bytes behind ${PREDICTIONS} predictions, all under one signal`, async () => {
    const { page, problems } = host.opened;
    const { pixels, labels, ...rest } = tinyBatch(1);
    const arrays = { pixels: [...pixels], labels: [...labels] };
    await page.evaluate(
      async ({ config, arrays, rest }) => {
        const { DenseNet, openGpu } = (globalThis as Host).chexgpu;
        const gpu = await openGpu();
        const model = await DenseNet.create(gpu, { config, seed: 1 });
        const batch = {
          ...rest,
          pixels: Uint8Array.from(arrays.pixels),
          labels: Float32Array.from(arrays.labels),
        };
        const { signal } = new AbortController();
        let heard = 0;
        const run = async (times: number) => {
          for (let i = 0; i < times; i++) {
            await model.predict(batch, { signal, onProgress: () => heard++ });
          }
          return gpu.allocatedBytes;
        };
        (globalThis as Host).kept = { run };
      },
      { config: TINY, arrays, rest },
    );
    const session = await page.context().newCDPSession(page);
    const heap = async () => {
      for (let i = 0; i < 3; i++) await session.send('HeapProfiler.collectGarbage');
      return (await session.send('Runtime.getHeapUsage')).usedSize;
    };
    const run = (times: number) => page.evaluate((n) => (globalThis as Host).kept.run(n), times);
    // What the engine compiles, and compiles anew behind the first collection, comes before.
    await run(PREDICTIONS / 10);
    await heap();
    const before = await run(PREDICTIONS / 2);
    const heapBefore = await heap();
    const after = await run(PREDICTIONS);
    const grown = (await heap()) - heapBefore;
    console.log(`heap: ${heapBefore} bytes, ${grown} more behind ${PREDICTIONS} predictions`);
    expect(before).toBeGreaterThan(0);
    expect(after).toBe(before);
    expect(grown).toBeLessThan(BYTES_EACH * PREDICTIONS);
    expect(problems).toEqual([]);
  }, 120_000);
});
