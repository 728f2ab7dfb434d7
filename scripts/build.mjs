/**
 * Builds dist/: the library for Node and for the browser, the command, the worker threads and the
 * type declarations. The pages of an earlier `npm run build:web` stay. Everything is made in a folder
 * beside and moved in at the end, so a build that breaks leaves the old dist as it was.
 *
 *   node scripts/build.mjs
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { STAMP, sourcesHash } from './buildStamp.mjs';
import { bundleLibrary } from './bundle.mjs';
import { isAlive } from './processIdentity.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const cache = join(root, 'node_modules', '.cache');
const PREFIX = 'chexgpu-build-';
const work = join(cache, PREFIX + process.pid);
const out = join(work, 'dist');
const dist = join(root, 'dist');

/** Shaders are text. */
const common = {
  absWorkingDir: root,
  bundle: true,
  format: 'esm',
  loader: { '.wgsl': 'text' },
  logLevel: 'warning',
};

function buildNode() {
  return build({
    ...common,
    entryPoints: {
      index: 'src/index.ts',
      node: 'src/node.ts',
      'cli/main': 'src/cli/main.ts',
      decodeWorker: 'src/data/images/decodeWorker.node.ts',
      drawWorker: 'src/data/phantoms/drawWorker.node.ts',
    },
    outdir: out,
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    platform: 'node',
    target: 'node20',
    packages: 'external',
  });
}

function buildTypes() {
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');
  const types = join(out, 'types');
  execFileSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json'), '--outDir', types], {
    stdio: 'inherit',
  });
  // GPUDevice and the like are global types that the user's project may not have asked for.
  const index = join(types, 'index.d.ts');
  writeFileSync(index, `/// <reference types="@webgpu/types" />\n${readFileSync(index, 'utf8')}`);
}

/** Removes the folders of builds that were killed. */
function sweep() {
  for (const name of readdirSync(cache)) {
    const pid = name.startsWith(PREFIX) ? Number(name.slice(PREFIX.length)) : Number.NaN;
    if (Number.isNaN(pid) || isAlive({ pid, started: '' })) continue;
    rmSync(join(cache, name), { recursive: true, force: true });
  }
}

const started = performance.now();
const hash = sourcesHash(root);
mkdirSync(out, { recursive: true });
sweep();
try {
  await Promise.all([buildNode(), bundleLibrary(join(out, 'browser'))]);
  buildTypes();
  const main = join(out, 'cli', 'main.js');
  const text = readFileSync(main, 'utf8');
  if (!text.startsWith('#!')) writeFileSync(main, `#!/usr/bin/env node\n${text}`);
  chmodSync(main, 0o755);
  writeFileSync(join(out, STAMP), hash);
  if (existsSync(join(dist, 'web'))) renameSync(join(dist, 'web'), join(out, 'web'));
  if (existsSync(dist)) renameSync(dist, join(work, 'old'));
  renameSync(out, dist);
} catch (error) {
  // esbuild and tsc have printed what is wrong, with file and line.
  const known = Array.isArray(error?.errors) || typeof error?.status === 'number';
  console.error(known ? 'chexgpu: the build failed (see above); dist is as it was.' : error);
  process.exitCode = 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}
if (!process.exitCode) console.log(`built dist in ${((performance.now() - started) / 1000).toFixed(1)} s`);
