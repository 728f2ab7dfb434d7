/** The built package where none of the optional packages is installed: what it loads, and what it asks for. */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureBuilt, scratchFolder } from '../support/programs/cli.js';
import { runNode } from '../support/programs/nodeProgram.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const scratch = scratchFolder();
/** chexgpu as npm lays it down, and nothing beside it. */
const installed = scratch.path('node_modules', 'chexgpu');
const MAIN = join(installed, 'dist', 'cli', 'main.js');

beforeAll(async () => {
  await ensureBuilt();
  mkdirSync(installed, { recursive: true });
  for (const part of ['dist', 'package.json', 'weights']) {
    cpSync(join(ROOT, part), join(installed, part), {
      recursive: true,
      filter: (path) => !/dist\/(web|browser)/.test(path),
    });
  }
  writeFileSync(scratch.path('package.json'), '{"type":"module"}');
});
afterAll(() => scratch.remove());

/** What a program writes as JSON. */
async function run(program: string, ...flags: string[]) {
  const file = scratch.path('program.js');
  writeFileSync(file, program);
  const { code, stdout, stderr } = await runNode([...flags, file], { CHEXGPU_CACHE: scratch.path('cache') });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

/** Notes every module that is loaded. */
const hook = (log: string) => {
  const code = `import { appendFileSync } from 'node:fs';
    export function load(url, context, next) {
      appendFileSync(${JSON.stringify(log)}, url + '\\n');
      return next(url, context);
    }`;
  const source = `data:text/javascript,${encodeURIComponent(code)}`;
  return `import { register } from 'node:module'; register(${JSON.stringify(source)});`;
};

describe('without the optional packages', () => {
  it("'chexgpu/node' loads its own files and no package", async () => {
    const [log, flag] = [scratch.path('loaded'), scratch.path('hook.js')];
    writeFileSync(flag, hook(log));
    await run("import 'chexgpu/node'; console.log(1)", '--import', pathToFileURL(flag).href);
    const loaded = readFileSync(log, 'utf8').trim().split('\n');
    const own = pathToFileURL(join(installed, 'dist')).href;
    const others = loaded.filter((url) => !url.startsWith(own) && !url.endsWith('/program.js'));
    expect(loaded.some((url) => url.endsWith('dist/node.js'))).toBe(true);
    expect(others.filter((url) => !url.startsWith('node:'))).toEqual([]);
  });

  it('each way of use asks for what it needs, with the command that installs it', async () => {
    const said = await run(`
      import { writeFileSync } from 'node:fs';
      import * as chexgpu from 'chexgpu/node';
      const image = ${JSON.stringify(scratch.path('x.png'))};
      writeFileSync(image, Buffer.from('${PNG}', 'base64'));
      const works = {
        webgpu: () => chexgpu.openNodeGpu(),
        sharp: () => chexgpu.decodeFile(image),
        threads: async () => {
          const pool = new chexgpu.DecodePool({ workers: 1 });
          try { await pool.load(image, 8, 8); } finally { await pool.close(); }
        },
        h5wasm: () => {
          const bytes = Uint8Array.from([137, 72, 68, 70, 13, 10, 26, 10, ...Array(40).fill(0)]);
          return chexgpu.readKerasHdf5(bytes, chexgpu.densenetConfig('densenet121'), 'w.h5');
        },
      };
      const said = {};
      for (const [name, work] of Object.entries(works)) {
        said[name] = await work().then(() => 'worked', ({ constructor, name, hint, packages }) => {
          return { ours: constructor === chexgpu.MissingPackageError, name, hint, packages };
        });
      }
      console.log(JSON.stringify(said));
    `);
    const missing = (...packages: string[]) => ({
      ours: true,
      name: 'MissingPackageError',
      hint: `Install with: npm i ${packages.join(' ')}`,
      packages,
    });
    expect(said).toEqual({
      webgpu: missing('webgpu'),
      sharp: missing('sharp'),
      threads: missing('sharp'),
      h5wasm: missing('h5wasm'),
    });
  });

  it('one that is there and does not load is not taken for a damaged image', async () => {
    const folder = scratch.path('node_modules', 'sharp');
    mkdirSync(folder);
    writeFileSync(join(folder, 'package.json'), '{"name":"sharp","main":"index.js"}');
    writeFileSync(join(folder, 'index.js'), 'throw new Error("Could not load the sharp module")');
    const said = await run(`
      import { decodeFile } from 'chexgpu/node';
      import { writeFileSync } from 'node:fs';
      const image = ${JSON.stringify(scratch.path('x.png'))};
      writeFileSync(image, Buffer.from('${PNG}', 'base64'));
      const error = await decodeFile(image).catch((error) => error);
      console.log(JSON.stringify([error.name, error.message]));
    `);
    rmSync(folder, { recursive: true });
    expect(said).toEqual([
      'UsageError',
      'Reading and writing image files in Node: sharp does not load (Could not load the sharp module). ' +
        'Install it anew: npm i sharp',
    ]);
  });

  it('the command says so in one line', async () => {
    const { code, stderr } = await runNode([MAIN, 'doctor']);
    expect(stderr.trim()).toMatch(/needs the npm package webgpu\. Install with: npm i webgpu$/);
    expect(code).toBe(2);
  });
});

/** One gray pixel. */
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==';
