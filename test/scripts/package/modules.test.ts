/** dist/esm, module by module. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { smallWgsl, tokensOf } from '../../../scripts/package/shaders.mjs';
import { Kernel } from '../../../src/engine/plan/kernel.js';
import { readDeclarations } from '../../../src/engine/wgsl/declarations.js';
import { ensureBuilt, scratchFolder } from '../../support/programs/cli.js';
import { runNode } from '../../support/programs/nodeProgram.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const ESM = join(ROOT, 'dist', 'esm');
const scratch = scratchFolder();
beforeAll(ensureBuilt);
afterAll(() => scratch.remove());

const below = (folder: string, ending: string) =>
  (readdirSync(folder, { recursive: true }) as string[]).filter((file) => file.endsWith(ending)).sort();

/** What the host reads of a shader, wherever in the text it stands. */
const hostSide = (wgsl: string) => {
  const { constants, aliases, ...rest } = readDeclarations(wgsl);
  const placeless = (list: Iterable<object>) =>
    [...list].map((one) => JSON.stringify({ ...one, from: 0, to: 0 }).replaceAll(' ', ''));
  return { ...rest, constants: placeless(constants.values()), aliases: placeless(aliases.values()) };
};

const isName = (token: string) => /^[A-Za-z_]/.test(token);

/** Between the names of two texts that are otherwise the same, one to one; members and attributes keep theirs. */
function renamings(before: string[], behind: string[]) {
  expect(behind.length).toBe(before.length);
  const [there, back] = [new Map<string, string>(), new Map<string, string>()];
  let inStruct = false;
  for (const [i, token] of before.entries()) {
    if (token === 'struct' || token === '}') inStruct = token === 'struct';
    if (!isName(token) || inStruct || ['.', '@'].includes(before[i - 1])) {
      expect(behind[i]).toBe(token);
      continue;
    }
    expect(there.get(token) ?? behind[i]).toBe(behind[i]);
    expect(back.get(behind[i]) ?? token).toBe(token);
    there.set(token, behind[i]);
    back.set(behind[i], token);
  }
  return there;
}

describe('the modules for bundlers', () => {
  it('hold every shader of theirs, the same but for comments, spaces and names of its own', () => {
    const shaders = below(ESM, '.wgsl.js');
    expect(shaders.length).toBeGreaterThan(40);
    for (const file of shaders) {
      const source = readFileSync(join(ROOT, 'src', file.slice(0, -'.js'.length)), 'utf8');
      const text = JSON.parse(readFileSync(join(ESM, file), 'utf8').replace(/^export default |;\n$/g, ''));
      expect({ file, text }).toEqual({ file, text: smallWgsl(source) });
      expect({ file, ...hostSide(text) }).toEqual({ file, ...hostSide(source) });
      const names = renamings(tokensOf(source), tokensOf(text));
      expect([...names].some(([before, behind]) => before !== behind)).toBe(true);
      // Loops unrolled, arrays made variables.
      const [before, behind] = [source, text].map((wgsl) =>
        tokensOf(new Kernel('', '', wgsl).specialise({})),
      );
      expect(renamings(before, behind).size).toBeGreaterThan(3);
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
