/** The installed package in Chromium: of Vite, in pages without a bundler, in module Workers; under two policies. */
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CHROMIUM_RUNS_HERE,
  type OpenedPage,
  openInChromium,
  serveFolder,
} from '../support/programs/chromium.js';
import { installed, lend } from '../support/programs/installed.js';
import { runNode } from '../support/programs/nodeProgram.js';
import { type Answer, expectSame, sourcesAnswer, writeUserFiles } from './userFiles.js';

interface Refused {
  name: string;
  message: string;
}
/** What a page and its worker say, each. */
interface Outcome {
  bytesLeft: number;
  safetensors: Answer;
  h5: Answer | Refused;
}

const NO_WASM: Refused = {
  name: 'UsageError',
  message:
    'HDF5 files need WebAssembly, which the Content-Security-Policy of this page forbids. ' +
    "Add 'wasm-unsafe-eval' to its script-src.",
};
const missing = (hint: string): Refused => ({
  name: 'MissingPackageError',
  message: `Reading and writing HDF5 needs the npm package h5wasm. ${hint}`,
});
const NOT_INSTALLED = missing('Install with: npm i h5wasm');
/** An import map is the page's alone. */
const UNMAPPED = missing(
  'Without a bundler import dist/browser/chexgpu.js, which holds it, or name it in an import map.',
);

/** Where each lies, and where HDF5 is refused although the policy lets it be read. */
const PAGES: { name: string; path: string; inPage?: Refused; inWorker?: Refused }[] = [
  { name: 'an app that Vite built', path: '' },
  {
    name: 'one without h5wasm whose Worker loads in parts',
    path: 'bare/',
    inPage: NOT_INSTALLED,
    inWorker: NOT_INSTALLED,
  },
  { name: 'a page with the bundled library', path: 'plain/' },
  { name: 'a page with modules and an import map', path: 'modules/', inWorker: UNMAPPED },
];

let site = '';
let want: Answer;
let importMap = '';

/** As `npx vite build`; Vite is one of ours. */
async function viteBuild(project: string, ...args: string[]): Promise<void> {
  const manifest = createRequire(import.meta.url).resolve('vite/package.json');
  const vite = join(dirname(manifest), 'bin', 'vite.js');
  const { code, stderr } = await runNode(
    [vite, 'build', '--logLevel', 'error', ...args],
    {},
    { cwd: project },
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
}

/** The app's files for a page without a bundler: `from` is where its modules find the library. */
function plainPage(project: string, folder: string, from: string, html = 'index.html'): void {
  mkdirSync(join(folder, 'node_modules'), { recursive: true });
  for (const name of ['chexgpu', 'h5wasm']) {
    symlinkSync(join(project, 'node_modules', name), join(folder, 'node_modules', name), 'junction');
  }
  for (const name of ['main.js', 'worker.js']) cpSync(join(project, name), join(folder, name));
  cpSync(join(project, html), join(folder, 'index.html'));
  const source = readFileSync(join(project, 'prediction.js'), 'utf8');
  writeFileSync(join(folder, 'prediction.js'), source.replace("'chexgpu'", `'${from}'`));
}

describe.runIf(CHROMIUM_RUNS_HERE)('the installed package in Chromium', () => {
  beforeAll(async () => {
    const { project } = await installed();
    site = join(project, 'site');
    want = await sourcesAnswer();
    await writeUserFiles(join(project, 'public'));
    await viteBuild(project, '--outDir', site);
    rmSync(join(project, 'node_modules', 'h5wasm'));
    const bare = ['--outDir', join(site, 'bare'), '--base', '/bare/'];
    await viteBuild(project, ...bare, '--config', 'workerInParts.config.js');
    lend(project, 'h5wasm');
    const library = './node_modules/chexgpu/dist';
    plainPage(project, join(site, 'plain'), `${library}/browser/chexgpu.js`);
    plainPage(project, join(site, 'modules'), 'chexgpu', 'importMap.html');
    // In a worker no import map holds.
    plainPage(project, join(site, 'modules', 'byPath'), `../${library}/esm/index.js`);
    writeFileSync(
      join(site, 'modules', 'worker.js'),
      readFileSync(join(project, 'worker.js'), 'utf8').replace('./prediction.js', './byPath/prediction.js'),
    );
    for (const folder of ['plain', 'modules']) await writeUserFiles(join(site, folder));
    const html = readFileSync(join(project, 'importMap.html'), 'utf8');
    const [, map] = /<script type="importmap">([\s\S]*?)<\/script>/.exec(html) ?? [];
    importMap = `'sha256-${createHash('sha256').update(map).digest('base64')}'`;
  });

  describe.each(["'self'", "'self' 'wasm-unsafe-eval'"])('under script-src %s', (scripts) => {
    let opened: OpenedPage;
    const allowsWasm = scripts.includes('wasm');

    beforeAll(async () => {
      const policy = (path: string) => (path === '/modules/index.html' ? `${scripts} ${importMap}` : scripts);
      opened = await openInChromium(site, PAGES[0].path, (folder) => serveFolder(folder, policy));
    });
    afterAll(() => opened?.close());

    it.each(PAGES)('$name gives what the sources give', async ({ path, ...refused }) => {
      const { page, origin, problems } = opened;
      if (page.url() !== origin + path) await page.goto(origin + path);
      const read = () => (globalThis as { outcome?: object }).outcome;
      const outcome = (await (
        await page.waitForFunction(read, null, { timeout: 200_000 })
      ).jsonValue()) as object;
      expect(outcome).toHaveProperty('inWorker');
      for (const [place, said] of Object.entries(outcome as Record<'inPage' | 'inWorker', Outcome>)) {
        expectSame(said.safetensors, want);
        const because = allowsWasm ? refused[place as 'inPage' | 'inWorker'] : NO_WASM;
        if (because) expect({ place, ...said.h5 }).toEqual({ place, ...because });
        else expectSame(said.h5 as Answer, want);
        expect({ place, bytesLeft: said.bytesLeft }).toEqual({ place, bytesLeft: 0 });
      }
      expect(problems).toEqual([]);
    });
  });
});
