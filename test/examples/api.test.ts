/** docs/api.md: every example runs and prints what it says, and every name that is exported occurs. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleLibrary } from '../../scripts/bundle.mjs';
import { densenetConfig } from '../../src/densenet/architecture.js';
import { initialWeights } from '../../src/densenet/initialisers.js';
import { writeWeights } from '../../src/densenet/weights/formats.js';
import * as browser from '../../src/index.js';
import * as lab from '../../src/lab.js';
import * as node from '../../src/node.js';
import * as phantoms from '../../src/phantoms.js';
import * as reading from '../../src/reading.js';
import { noisePng } from '../support/files/imageFolder.js';
import { CHROMIUM_RUNS_HERE, type OpenedPage, openInChromium } from '../support/programs/chromium.js';

type Names = Readonly<Record<string, unknown>>;
const DOORS: Readonly<Record<string, Names>> = {
  chexgpu: browser,
  'chexgpu/lab': lab,
  'chexgpu/phantoms': phantoms,
  'chexgpu/reading': reading,
  'chexgpu/node': node,
};
const DOCUMENT = readFileSync(fileURLToPath(new URL('../../docs/api.md', import.meta.url)), 'utf8');

/** The code of a section, for Node or for a page, and what its lines print. */
interface Program {
  readonly code: string;
  readonly imports: ReadonlyMap<string, string>;
  /** By line: what stands behind `console.log(...)`; `...` where it is anybody's guess. */
  readonly printed: ReadonlyMap<number, string>;
}

const IMPORT = /^import \{([^}]*)\} from '([^']+)';$/gm;

function programs(host: 'node' | 'page'): [title: string, program: Program][] {
  const sections = DOCUMENT.split(/^## /m).slice(1);
  return sections.flatMap((section): [string, Program][] => {
    const blocks = [...section.matchAll(/^```js( page| node)?\n([\s\S]*?)^```$/gm)];
    const wanted = blocks.filter(([, kind]) => (kind === ' page') === (host === 'page'));
    if (wanted.length === 0) return [];
    const text = wanted.map(([, , code]) => code).join('\n');
    const imports = new Map<string, string>();
    for (const [, names, from] of text.matchAll(IMPORT)) {
      for (const name of names.split(',').map((one) => one.trim())) if (name) imports.set(name, from);
    }
    const lines = text.replace(IMPORT, '').split('\n');
    const printed = new Map<number, string>();
    const numbered = lines.map((line, i) => {
      const said = /console\.log\(.*\/\/ (.*)$/.exec(line);
      if (said) printed.set(i, said[1]);
      return line.replace('console.log(', `print(${i}, `);
    });
    return [[section.split('\n')[0], { code: numbered.join('\n'), imports, printed }]];
  });
}

const words = (values: readonly unknown[]): string =>
  values.map((one) => (typeof one === 'string' ? one : inspect(one, { breakLength: Infinity }))).join(' ');

function compare({ printed }: Program, found: ReadonlyMap<number, readonly unknown[]>): void {
  const said = (line: number, wanted: string) => {
    const values = found.get(line);
    if (values === undefined) return 'nothing';
    return wanted === '...' ? wanted : words(values);
  };
  const lines = [...printed];
  expect(lines.map(([line, wanted]) => said(line, wanted))).toEqual(lines.map(([, wanted]) => wanted));
}

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

  it.each(programs('node'))('%s: the examples run in Node', async (_, program) => {
    const found = new Map<number, readonly unknown[]>();
    const print = (line: number, ...values: unknown[]) => void found.set(line, values);
    const modules = new Map<string, Names>(Object.entries(DOORS));
    for (const from of program.imports.values()) {
      if (from.startsWith('node:')) modules.set(from, (await import(from)) as Names);
    }
    const names = [...program.imports].map(([name, from]) => [name, modules.get(from)?.[name]] as const);
    expect(names.filter(([, value]) => value === undefined).map(([name]) => name)).toEqual([]);
    const run = new AsyncFunction('print', ...names.map(([name]) => name), program.code);
    await run(print, ...names.map(([, value]) => value));
    compare(program, found);
  });
});

const AsyncFunction = (async () => {}).constructor as new (
  ...parameters: string[]
) => (...values: unknown[]) => Promise<void>;

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

  it.each(programs('page'))('%s: the examples run in a page', async (_, program) => {
    const names = [...program.imports.keys()].join(', ');
    const found = await opened.page.evaluate<[number, unknown[]][]>(`(async () => {
      const { ${names} } = globalThis.chexgpu;
      const found = [];
      const print = (line, ...values) => found.push([line, values]);
      ${program.code}
      return found;
    })()`);
    compare(program, new Map(found));
    expect(opened.problems).toEqual([]);
  });
});
