/** The package as a stranger has it: packed by npm, and installed from the tarball without a network. */
import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { inject } from 'vitest';
import { ensureBuilt } from './cli.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const NPM = process.platform === 'win32' ? 'npm.cmd' : 'npm';

/** As from a shell of its own: not as part of the `npm test` that we run in. */
async function npm(args: string[], cwd: string): Promise<string> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
  const cache = join(inject('runFolder'), 'npm');
  const all = [...args, '--offline', '--cache', cache, '--no-update-notifier'];
  const { stdout } = await promisify(execFile)(NPM, all, { cwd, env, maxBuffer: 2 ** 26 });
  return stdout;
}

/** Makes `name` in the folder of this run unless an earlier test file has. */
export async function once<T>(name: string, make: (folder: string) => Promise<T>): Promise<T> {
  const folder = join(inject('runFolder'), name);
  const note = join(inject('runFolder'), `${name}.json`);
  if (existsSync(note)) return JSON.parse(readFileSync(note, 'utf8')) as T;
  mkdirSync(folder);
  const made = await make(folder);
  writeFileSync(note, JSON.stringify(made));
  return made;
}

export interface Packed {
  tarball: string;
  /** What is in it. */
  files: string[];
}

/** chexgpu and chexgpu-swiftshader as `npm publish` would send them. */
export const packed = (): Promise<{ chexgpu: Packed; swiftshader: Packed }> =>
  once('packed', async (folder) => {
    await ensureBuilt();
    const specs = ['.', './packages/swiftshader'];
    const stdout = await npm(
      ['pack', ...specs, '--json', '--ignore-scripts', '--pack-destination', folder],
      ROOT,
    );
    const [chexgpu, swiftshader] = JSON.parse(stdout.slice(stdout.indexOf('[\n'))).map(
      ({ filename, files }: { filename: string; files: { path: string }[] }): Packed => ({
        tarball: join(folder, filename),
        files: files.map(({ path }) => path),
      }),
    );
    return { chexgpu, swiftshader };
  });

/** A package that the user installs beside ours: this repository's own. */
export function lend(project: string, name: string): void {
  symlinkSync(join(ROOT, 'node_modules', name), join(project, 'node_modules', name), 'junction');
}

/**
 * A project with both packages installed, and those that a user adds to them lent by this repository.
 * @returns its folder, and all that npm brought
 */
export const installed = (): Promise<{ project: string; brought: string[] }> =>
  once('project', async (project) => {
    const { chexgpu, swiftshader } = await packed();
    writeFileSync(join(project, 'package.json'), '{"name":"app","private":true,"type":"module"}');
    await npm(['install', '--no-audit', '--no-fund', chexgpu.tarball, swiftshader.tarball], project);
    const modules = join(project, 'node_modules');
    const brought = readdirSync(modules).filter((name) => !name.startsWith('.'));
    for (const name of ['webgpu', 'sharp', 'h5wasm']) lend(project, name);
    cpSync(join(ROOT, 'test', 'package', 'app'), project, { recursive: true });
    return { project, brought };
  });
