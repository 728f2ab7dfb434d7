/**
 * The pages of web/ as static files: scripts with their chunks, the worker, the weights, and the service worker that
 * keeps all of it for use without a network. Any web server can serve the folder, over https or on localhost.
 */
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { browserOptions } from './bundle.mjs';
import { shaderTexts } from './package/shaders.mjs';
import { putWeights } from './webWeights.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const web = join(root, 'web');

/** Files that are served as they are. */
const STATIC = ['index.html', 'manifest.webmanifest', 'icon.svg'];
/** Kept for use without a network only from the time on that somebody has asked for them: other people's engines. */
const WHEN_ASKED_FOR = ['race-tfjs.js'];

/** Of every file below `folder`, by its path there. */
function sums(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
  return Object.fromEntries(
    files.map((file) => [
      file.slice(folder.length + 1).replaceAll('\\', '/'),
      createHash('sha256').update(readFileSync(file)).digest('hex'),
    ]),
  );
}

/**
 * Writes the pages into `outdir`. Scripts that others name keep their names (`main.js`, `worker.js`, an element's own
 * such as `chexgpu-reader.js`); all else is named after its content.
 * @returns esbuild's result with the metafile
 */
export async function bundleWeb(outdir) {
  mkdirSync(outdir, { recursive: true });
  for (const name of STATIC) cpSync(join(web, name), join(outdir, name));
  cpSync(join(web, 'pages', 'explorer', 'record', 'recorded.json'), join(outdir, 'explorer-recorded.json'));
  await putWeights(join(outdir, 'weights'));
  writeFileSync(join(outdir, 'shaders.json'), shaderTexts());
  const result = await build({
    ...browserOptions,
    // In one folder: there every script finds the worker and the weights beside itself.
    chunkNames: '[name]-[hash]',
    entryPoints: {
      main: join(web, 'main.ts'),
      worker: join(web, 'worker', 'worker.ts'),
      'chexgpu-reader': join(web, 'pages', 'reader', 'reader.ts'),
      'chexgpu-trainer': join(web, 'pages', 'trainer', 'trainer.ts'),
      'chexgpu-race': join(web, 'pages', 'race', 'race.ts'),
      'chexgpu-explorer': join(web, 'pages', 'explorer', 'explorer.ts'),
      'race-tfjs': join(web, 'pages', 'race', 'inWorker', 'tfjsWorker.ts'),
    },
    outdir,
    alias: {
      chexgpu: join(root, 'src', 'index.ts'),
      'chexgpu/lab': join(root, 'src', 'lab.ts'),
      'chexgpu/phantoms': join(root, 'src', 'phantoms.ts'),
      'chexgpu/reading': join(root, 'src', 'reading.ts'),
    },
  });
  const files = sums(outdir);
  const version = createHash('sha256').update(JSON.stringify(files)).digest('hex').slice(0, 16);
  const later = Object.fromEntries(WHEN_ASKED_FOR.map((file) => [file, files[file]]));
  for (const file of WHEN_ASKED_FOR) delete files[file];
  await build({
    ...browserOptions,
    splitting: false,
    entryPoints: { 'service-worker': join(web, 'offline', 'serviceWorker.ts') },
    outdir,
    define: {
      FILES: JSON.stringify(files),
      LATER: JSON.stringify(later),
      VERSION: JSON.stringify(version),
    },
  });
  return result;
}
