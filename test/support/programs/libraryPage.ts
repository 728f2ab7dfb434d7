/** A page that has the library and nothing else. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { bundleLibrary } from '../../../scripts/bundle.mjs';
import { type OpenedPage, openInChromium } from './chromium.js';

const PAGE =
  '<!doctype html><link rel="icon" href="data:,"><title>library</title><script type="module" src="page.js"></script>';

export interface LibraryPage {
  /** What is served. */
  readonly folder: string;
  /** From `beforeAll` on; the library is the global object's `chexgpu`. */
  readonly opened: OpenedPage;
}

/**
 * Within a `describe`: opens it for the tests there.
 * @param script a module's text that runs in it, with `chexgpu` imported
 */
export function libraryPage(script = ''): LibraryPage {
  const folder = mkdtempSync(join(tmpdir(), 'chexgpu-library-page-'));
  let opened: OpenedPage | undefined;
  beforeAll(async () => {
    await bundleLibrary(folder);
    writeFileSync(join(folder, 'index.html'), PAGE);
    const head = "import * as chexgpu from './chexgpu.js';\n";
    writeFileSync(join(folder, 'page.js'), `${head}${script}\nglobalThis.chexgpu = chexgpu;\n`);
    opened = await openInChromium(folder);
    await opened.page.waitForFunction(() => 'chexgpu' in globalThis);
  });
  afterAll(async () => {
    await opened?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    folder,
    get opened() {
      if (!opened) throw new Error('The page opens before the first test.');
      return opened;
    },
  };
}
