/** dist/esm, module by module. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { smallWgsl } from '../../../scripts/package/shaders.mjs';
import { ensureBuilt, scratchFolder } from '../../support/programs/cli.js';
import { runNode } from '../../support/programs/nodeProgram.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const ESM = join(ROOT, 'dist', 'esm');
const scratch = scratchFolder();
beforeAll(ensureBuilt);
afterAll(() => scratch.remove());

const below = (folder: string, ending: string) =>
  (readdirSync(folder, { recursive: true }) as string[]).filter((file) => file.endsWith(ending)).sort();

/** What a compiler of WGSL sees. */
const tokens = (wgsl: string) =>
  wgsl
    .replace(/\/\*(?!unroll\*\/|registers\*\/)[\s\S]*?\*\/|\/\/.*/g, '')
    .match(/\/\*\w+\*\/|[A-Za-z_]\w*|\d[\w.]*|<<=|>>=|->|\+\+|--|&&|\|\||[<>=!+\-*/%&|^]=|<<|>>|\S/g);

describe('the modules for bundlers', () => {
  it('hold every shader of theirs, the same but for comments and spaces, line by line', () => {
    const shaders = below(ESM, '.wgsl.js');
    expect(shaders.length).toBeGreaterThan(40);
    for (const file of shaders) {
      const source = readFileSync(join(ROOT, 'src', file.slice(0, -'.js'.length)), 'utf8');
      const text = JSON.parse(readFileSync(join(ESM, file), 'utf8').replace(/^export default |;\n$/g, ''));
      expect({ file, text }).toEqual({ file, text: smallWgsl(source) });
      expect({ file, tokens: tokens(text) }).toEqual({ file, tokens: tokens(source) });
      expect(text.split('\n').length).toBe(source.split('\n').length);
      expect(text.length).toBeLessThan(source.length);
    }
  });

  it('import nothing but each other and what the user may install', () => {
    const { peerDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    const named = /^(?:import|export) .*from "([^".][^"]*)"|import\("([^".][^"]*)"/gm;
    const packages = below(ESM, '.js').flatMap((file) =>
      [...readFileSync(join(ESM, file), 'utf8').matchAll(named)].map(([, now, later]) => now ?? later),
    );
    expect(packages).toContain('h5wasm');
    expect(packages.filter((name) => !(name in peerDependencies))).toEqual([]);
  });

  it('do nothing to the page when they are imported, each alone', async () => {
    const files = below(ESM, '.js').map((file) => pathToFileURL(join(ESM, file)).href);
    writeFileSync(
      scratch.path('all.mjs'),
      `const kept = (object) => Object.getOwnPropertyNames(object).length;
      const kinds = [Object, Array, Map, Promise, Float32Array, Error];
      const builtins = [globalThis, ...kinds, ...kinds.map((one) => one.prototype)];
      const before = builtins.map(kept).join();
      for (const file of ${JSON.stringify(files)}) await import(file);
      const same = before === builtins.map(kept).join();
      console.log(JSON.stringify({ same, handles: process.getActiveResourcesInfo() }));`,
    );
    const { code, stdout, stderr } = await runNode([scratch.path('all.mjs')]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { same, handles } = JSON.parse(stdout);
    expect(same).toBe(true);
    // No timer and no watcher: nothing begins by itself.
    expect(handles.filter((name: string) => /Timeout|Immediate|Watch/.test(name))).toEqual([]);
  });
});
