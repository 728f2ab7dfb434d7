/**
 * Builds dist/: the library for Node, for bundlers (esm) and for a page without one (browser), the command, the worker
 * threads and the type declarations. The pages of an earlier `npm run build:web` stay. Everything is made in a folder
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
import { buildModules } from './package/modules.mjs';
import { isSwiftshaderMade, makeSwiftshader } from './package/swiftshader.mjs';
import { finishTypes } from './package/types.mjs';
import { isAlive } from './processIdentity.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const cache = join(root, 'node_modules', '.cache');
const PREFIX = 'chexgpu-build-';
const work = join(cache, PREFIX + process.pid);
const out = join(work, 'dist');
const dist = join(root, 'dist');

/** What the user installs where he wants it; all else that the program uses is small and comes along. */
const OPTIONAL = Object.keys(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).peerDependencies);

/** Of the library, for both hosts. */
const DOORS = ['index', 'lab', 'phantoms', 'reading'];

/** Shaders are text. */
async function buildNode() {
  const { metafile } = await build({
    absWorkingDir: root,
    bundle: true,
    format: 'esm',
    loader: { '.wgsl': 'text' },
    logLevel: 'warning',
    metafile: true,
    entryPoints: {
      ...Object.fromEntries(DOORS.map((door) => [door, `src/${door}.ts`])),
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
    external: OPTIONAL,
    // For packages in CommonJS that ask for Node's own modules.
    banner: {
      js: "import { createRequire as nodeRequire } from 'node:module'; const require = nodeRequire(import.meta.url);",
    },
  });
  writeFileSync(join(out, 'NOTICES.txt'), notices(metafile));
}

/** The licences of the packages that are within the program. */
function notices({ outputs }) {
  const inputs = Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs));
  const packages = inputs.flatMap((file) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? []);
  return [...new Set(packages)]
    .sort()
    .map((name) => {
      const folder = join(root, 'node_modules', name);
      const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
      if (!file) throw new Error(`The package ${name} has no file with its licence.`);
      return `${name} ${version}, ${license}\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
    })
    .join(`\n${'-'.repeat(80)}\n\n`);
}

function buildTypes() {
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');
  const types = join(out, 'types');
  execFileSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json'), '--outDir', types], {
    stdio: 'inherit',
  });
  finishTypes(types, [...DOORS, 'node']);
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
  await Promise.all([
    buildNode(),
    buildModules(
      root,
      DOORS.map((door) => `src/${door}.ts`),
      join(out, 'esm'),
    ),
    bundleLibrary(join(out, 'browser')),
    isSwiftshaderMade(root) || makeSwiftshader(root),
  ]);
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
