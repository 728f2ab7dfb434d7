/**
 * Builds the pages into dist/web. Made in a folder beside and moved in at the end, so that a build that breaks leaves
 * the old ones as they were.
 *
 *   node scripts/buildWeb.mjs
 */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWeb } from './bundleWeb.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const [out, old] = ['new', 'old'].map((name) => join(dist, `.web-${name}-${process.pid}`));

const started = performance.now();
try {
  await bundleWeb(out);
  mkdirSync(dist, { recursive: true });
  if (existsSync(join(dist, 'web'))) renameSync(join(dist, 'web'), old);
  renameSync(out, join(dist, 'web'));
  console.log(`built dist/web in ${((performance.now() - started) / 1000).toFixed(1)} s`);
} catch (error) {
  // esbuild has printed what is wrong, with file and line.
  console.error(Array.isArray(error?.errors) ? 'chexgpu: the pages were not built (see above).' : error);
  process.exitCode = 1;
} finally {
  for (const folder of [out, old]) rmSync(folder, { recursive: true, force: true });
}
