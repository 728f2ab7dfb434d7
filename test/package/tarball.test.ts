/** What npm would publish: judged by publint and are-the-types-wrong, and compiled against by a stranger. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scratchFolder } from '../support/programs/cli.js';
import { packed } from '../support/programs/installed.js';
import { runNode } from '../support/programs/nodeProgram.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);
const scratch = scratchFolder();
const project = scratch.path('project');
let tarball = '';
let files: string[] = [];

/** Where the program of an npm package lies. */
function programOf(name: string, path: string): string {
  const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`);
  return join(dirname(manifest), path);
}

beforeAll(async () => {
  ({ tarball, files } = (await packed()).chexgpu);
  const installed = join(project, 'node_modules', 'chexgpu');
  mkdirSync(installed, { recursive: true });
  await run('tar', ['xzf', tarball, '--strip-components=1', '-C', installed]);
});
afterAll(() => scratch.remove());

describe('the package as it is published', () => {
  it('has no finding of publint', async () => {
    const { publint } = await import('publint');
    const { formatMessage } = await import('publint/utils');
    const { readFileSync } = await import('node:fs');
    const bytes = readFileSync(tarball);
    const { messages, pkg } = await publint({
      pack: { tarball: Uint8Array.from(bytes).buffer as ArrayBuffer },
      strict: true,
    });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  it('has no finding of are-the-types-wrong', async () => {
    // It has no CommonJS, and says so.
    const attw = programOf('@arethetypeswrong/cli', 'dist/index.js');
    const { code, stdout } = await runNode([attw, tarball, '--profile', 'esm-only', '--format', 'json']);
    const { analysis, problems } = JSON.parse(stdout);
    expect({ code, types: analysis.types?.kind, problems }).toEqual({
      code: 0,
      types: 'included',
      problems: expect.anything(),
    });
  });

  it('holds one copy of HDF5 and no pages', () => {
    expect(files.filter((file) => /examples|^(dist\/)?web\/|^src\/|^packages\//.test(file))).toEqual([]);
    expect(files.filter((file) => file.includes('h5wasm')).length).toBeLessThanOrEqual(1);
  });
});

/** A page, without a word of Node. */
const PAGE = `import { DenseNet, Gpu, LABELS, openGpu, xrayBatch, type Batch } from 'chexgpu';
const gpu: Gpu = await openGpu();
const model = await DenseNet.create(gpu, { seed: 1 });
const batch: Batch = xrayBatch({ width: 2, height: 2, channels: 1, data: new Uint8Array(4) }, 64);
const p: Float32Array = await model.predict(batch);
console.log(LABELS.length, p[0], gpu.device.limits);
// @ts-expect-error there is no such option
await DenseNet.create(gpu, { sed: 1 });
`;
const PROGRAM = `import { loadNetwork, openNodeGpu, type NodeGpu } from 'chexgpu/node';
const { gpu }: NodeGpu = await openNodeGpu();
const network = await loadNetwork(gpu);
const { predictions } = await network.predictFiles(['x.png']);
console.log(predictions);
`;

const COMPILERS: [name: string, program: () => string][] = [
  ['5.9', () => programOf('typescript-5.9', 'bin/tsc')],
  ['7', () => programOf('typescript', 'bin/tsc')],
];

describe.each(COMPILERS)('TypeScript %s, strict, with the libraries checked too', (version, compiler) => {
  const compile = async (name: string, source: string, options: object, packages: string[] = []) => {
    const folder = join(project, `${name} ${version}`);
    mkdirSync(folder, { recursive: true });
    for (const item of packages) {
      cpSync(join(ROOT, 'node_modules', item), join(folder, 'node_modules', item), { recursive: true });
    }
    const compilerOptions = {
      strict: true,
      skipLibCheck: false,
      noEmit: true,
      target: 'ES2022',
      types: [],
      ...options,
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['main.ts'] }));
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    writeFileSync(join(folder, 'main.ts'), source);
    const { code, stdout } = await runNode([compiler(), '-p', folder]);
    return { code, stdout };
  };
  const passes = { code: 0, stdout: '' };
  const page = { module: 'ESNext', moduleResolution: 'bundler', lib: ['ES2022', 'DOM'] };

  it('compiles a page, with nothing but the package', async () => {
    expect(await compile('page', PAGE, page)).toEqual(passes);
  });

  it.runIf(version === '5.9')('compiles a page that has @webgpu/types', async () => {
    const own = { ...page, types: ['@webgpu/types'] };
    const lost =
      'const size: number = gpu.device.limits.maxBufferSize;\n// @ts-expect-error it has none\ngpu.device.size;\n';
    expect(await compile('types', PAGE + lost, own, ['@webgpu/types'])).toEqual(passes);
  });

  it('compiles a program for Node', async () => {
    const node = {
      module: 'NodeNext',
      moduleResolution: 'NodeNext',
      lib: ['ES2023', 'DOM'],
      types: ['node'],
    };
    expect(await compile('node', PROGRAM, node, ['@types/node', 'undici-types'])).toEqual(passes);
  });
});
