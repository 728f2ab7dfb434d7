/** docs/api.md: every example runs and prints what it says, and every name that is exported occurs. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleLibrary } from '../../scripts/bundle.mjs';
import { densenetConfig } from '../../src/densenet/architecture.js';
import { initialWeights } from '../../src/densenet/initialisers.js';
import { writeWeights } from '../../src/densenet/weights/formats.js';
import { noisePng } from '../support/files/imageFolder.js';
import { CHROMIUM_RUNS_HERE, type OpenedPage, openInChromium } from '../support/programs/chromium.js';
import { comparePrinted, DOORS, programsOf, runHere } from '../support/programs/documentPrograms.js';

const DOCUMENT = readFileSync(fileURLToPath(new URL('../../docs/api.md', import.meta.url)), 'utf8');

const folder = mkdtempSync(join(tmpdir(), 'chexgpu-api-'));
const site = join(folder, 'site');
const before = process.cwd();
const png = (seed: number) => noisePng(seed, 64);

beforeAll(async () => {
  mkdirSync(join(folder, 'data', 'images'), { recursive: true });
  writeFileSync(join(folder, 'xray.png'), png(1));
  for (const [s, split] of ['train', 'valid', 'test'].entries()) {
    const rows = [0, 1, 2, 3].map((i) => `${split}${i}.png,${10 * s + i},${i % 2},${Number(i > 1)}`);
    writeFileSync(join(folder, 'data', `${split}.csv`), `Image,PatientId,Mass,Edema\n${rows.join('\n')}\n`);
    for (const i of [0, 1, 2, 3])
      writeFileSync(join(folder, 'data', 'images', `${split}${i}.png`), png(10 * s + i));
  }
  const header =
    'Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,' +
    'OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y],';
  writeFileSync(
    join(folder, 'Data_Entry_2017.csv'),
    `${header}\n00000001_000.png,Mass,0,1,58,M,PA,2682,2749,0.143,0.143,\n`,
  );
  process.chdir(folder);
});
afterAll(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true, force: true });
});

describe('docs/api.md', () => {
  it('has every name that a program can import', () => {
    const code = [...DOCUMENT.matchAll(/^```js.*\n([\s\S]*?)^```$/gm)].map(([, text]) => text).join('\n');
    for (const [door, names] of Object.entries(DOORS)) {
      const missing = Object.keys(names).filter((name) => !new RegExp(`\\b${name}\\b`).test(code));
      expect(missing, `names of '${door}' that stand in no example`).toEqual([]);
    }
  });

  it.each(programsOf(DOCUMENT, 'node'))('%s: the examples run in Node', async (_, program) => {
    await runHere(program);
  });
});

describe.runIf(CHROMIUM_RUNS_HERE)('docs/api.md in Chromium', () => {
  let opened: OpenedPage;

  beforeAll(async () => {
    await bundleLibrary(site);
    writeFileSync(
      join(site, 'index.html'),
      '<!doctype html><link rel="icon" href="data:,"><title>api</title><script type="module" src="page.js"></script>',
    );
    writeFileSync(
      join(site, 'page.js'),
      "import * as chexgpu from './chexgpu.js'; globalThis.chexgpu = chexgpu;",
    );
    const config = densenetConfig('densenet121', {
      blocks: [1, 1],
      growthRate: 8,
      stemChannels: 8,
      classes: 2,
    });
    const preprocessing = {
      size: 32,
      interpolation: 'bilinear',
      normalisation: { kind: 'samplewise', epsilon: 1e-6 } as const,
    };
    const meaning = { labels: ['Mass', 'Edema'], preprocessing };
    writeFileSync(
      join(site, 'tiny.safetensors'),
      await writeWeights('safetensors', initialWeights(config, 7), config, meaning),
    );
    opened = await openInChromium(site);
    await opened.page.waitForFunction(() => 'chexgpu' in globalThis);
  });
  afterAll(() => opened?.close());

  it.each(programsOf(DOCUMENT, 'page'))('%s: the examples run in a page', async (_, program) => {
    const names = [...program.imports.keys()].join(', ');
    const found = await opened.page.evaluate<[number, unknown[]][]>(`(async () => {
      const { ${names} } = globalThis.chexgpu;
      const found = [];
      const print = (line, ...values) => found.push([line, values]);
      ${program.code}
      return found;
    })()`);
    comparePrinted(program, new Map(found));
    expect(opened.problems).toEqual([]);
  });
});
