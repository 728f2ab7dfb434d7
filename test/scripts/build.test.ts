import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { scratchFolder } from '../support/programs/cli.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PARTS = ['.npmrc', 'package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json'].concat(
  'src',
  'packages',
  'bench',
  'scripts',
  'examples',
  'weights',
  'README.md',
);
const scratch = scratchFolder();
afterAll(() => scratch.remove());

describe('the package', () => {
  it('is built by npm when another project installs it from its sources', async () => {
    // What npm does with a git dependency, after it has cloned it and installed what the build needs.
    const clone = scratch.path('clone');
    mkdirSync(clone);
    for (const part of PARTS) cpSync(join(ROOT, part), join(clone, part), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(clone, 'node_modules'));
    const project = scratch.path('project');
    mkdirSync(project);
    writeFileSync(join(project, 'package.json'), '{"name":"project","version":"1.0.0"}');
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
    // Its own way of scripts, as in a shell: not that of an npm which runs these tests.
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
    const { stdout } = await promisify(execFile)(npm, ['pack', '--json', '--offline', clone], {
      cwd: project,
      env,
      maxBuffer: 2 ** 26,
    });
    expect(existsSync(join(clone, 'dist', 'index.js'))).toBe(true);
    const packed = JSON.parse(stdout.slice(stdout.indexOf('[\n')))[0].files.map(
      (file: { path: string }) => file.path,
    );
    for (const file of [
      'index.js',
      'node.js',
      'decodeWorker.js',
      'drawWorker.js',
      'cli/main.js',
      'types/index.d.ts',
      'browser/chexgpu.js',
      'esm/index.js',
      'NOTICES.txt',
    ]) {
      expect(packed).toContain(`dist/${file}`);
    }
    expect(packed.filter((path: string) => path.startsWith('src/'))).toEqual([]);
    expect(packed.filter((path: string) => /examples|packages/.test(path))).toEqual([]);
    // HDF5's WebAssembly, 4 MB, once; 15 MB of weights, once.
    const large = JSON.parse(stdout.slice(stdout.indexOf('[\n')))[0].files.filter(
      ({ size }: { size: number }) => size > 2 ** 20,
    );
    expect(large).toHaveLength(2);
    expect(packed.filter((path: string) => path.endsWith('.h5'))).toEqual([
      'weights/phantoms-densenet121.h5',
    ]);
    expect(packed).toContain('weights/phantoms-toy.safetensors');
  });
});
