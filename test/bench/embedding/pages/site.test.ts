/** The pages of chexgpu as they are measured, with a small network. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TASKS, type Task } from '../../../../bench/embedding/libraries.js';
import { adapterOf, inFreshBrowser, type Visit, visit } from '../../../../bench/embedding/pages/runPage.js';
import { openSite, type Site } from '../../../../bench/embedding/pages/site.js';
import { LABELS } from '../../../../src/data/tables/labels.js';
import { densenetConfig } from '../../../../src/densenet/architecture.js';
import { initialWeights } from '../../../../src/densenet/initialisers.js';
import { writeWeights } from '../../../../src/densenet/weights/formats.js';
import { CHROMIUM_RUNS_HERE } from '../../../support/programs/chromium.js';

const root = fileURLToPath(new URL('../../../..', import.meta.url));

describe.runIf(CHROMIUM_RUNS_HERE)("chexgpu's pages of the comparison", () => {
  const folder = mkdtempSync(join(tmpdir(), 'chexgpu-embedding-test-'));
  const visits = new Map<Task, Visit>();
  let site: Site;
  let again: Visit;
  let damaged: string;
  let about: { adapter: string };

  beforeAll(async () => {
    const config = densenetConfig('densenet121', { blocks: [2, 2] });
    const network = join(folder, 'small.safetensors');
    const preprocessing = {
      size: 32,
      interpolation: 'bilinear' as const,
      normalisation: { kind: 'samplewise' as const, epsilon: 1e-6 },
    };
    const kept = { labels: [...LABELS], preprocessing };
    writeFileSync(network, await writeWeights('safetensors', initialWeights(config, 7), config, kept));
    const only = TASKS.map((task) => `chexgpu/${task}`);
    site = await openSite({ root, network, side: 64, count: 2, only });
    await inFreshBrowser(async (page) => {
      about = await adapterOf(page, site.server);
      for (const task of TASKS) visits.set(task, await visit(page, site.server, `chexgpu/${task}`, 60_000));
      again = await visit(page, site.server, 'chexgpu/load', 60_000);
      site.server.damage('weights.safetensors');
      await page.evaluate(() => caches.delete('chexgpu-weights'));
      damaged = await visit(page, site.server, 'chexgpu/load', 60_000).then(
        () => 'taken',
        (error: Error) => error.message,
      );
    });
  });
  afterAll(async () => {
    await site?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('give what their tasks ask for', () => {
    expect(about.adapter).toMatch(/swiftshader/i);
    const findings = visits.get('findings')!.values as Record<string, number>;
    expect(Object.keys(findings)).toEqual([...LABELS]);
    const batch = visits.get('batch')!.values as number[];
    expect(batch).toHaveLength(2 * LABELS.length);
    // The X-ray of the file is the first of the arrays.
    for (const [i, p] of Object.values(findings).entries()) expect(batch[i]).toBeCloseTo(p, 5);
    const map = visits.get('gradcam')!.values as number[];
    expect([map.length, Math.max(...map)]).toEqual([64 * 64, 1]);
    const [first, second] = visits.get('fineTune')!.values as number[];
    expect(second).toBeLessThan(first);
  });

  it('load with progress, from the cache the next time, and no damaged file', () => {
    const file = '/models/chexgpu/weights.safetensors';
    const first = visits.get('load')!;
    expect([first.progress.at(-1), first.files.includes(file)]).toEqual([1, true]);
    expect(again.files).not.toContain(file);
    expect(damaged).toMatch(/is another file/);
  });

  it('load programs of which the sizes are counted', () => {
    for (const { library, task, lines, status } of site.rows) {
      expect([library, status]).toEqual(['chexgpu', 'ok']);
      expect(lines).toBeGreaterThan(5);
      expect(visits.get(task)!.programBytes).toBeGreaterThan(20_000);
    }
    expect(existsSync(join(root, 'dist/esm/index.js'))).toBe(true);
  });
});
