/**
 * What runs in a browser, bundled: the library, and the example page in a folder that can be served as it
 * is. Nothing is left to load from outside, so the page works offline and under a strict policy.
 */
import { cpSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What the page begins with. */
const SHIPPED_WEIGHTS = 'phantoms-densenet121.h5';

/**
 * Shaders are text, without lines of comments, which are for readers of the sources. The lines stay, empty: what a
 * browser's compiler says of a line is true of the source too.
 */
const shaders = {
  name: 'shaders',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.wgsl$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replace(/^[ \t]*\/\/.*$/gm, ''),
      loader: 'text',
    })),
};

/** Splitting keeps the HDF5 reader, 4 MB of WebAssembly, out until a weight file is opened. */
const options = {
  absWorkingDir: root,
  bundle: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
  plugins: [shaders],
  // Escaped, the WebAssembly would take half as much again.
  charset: 'utf8',
  // Names stay: errors are known by those of their classes.
  minifyWhitespace: true,
  minifySyntax: true,
  logLevel: 'warning',
  metafile: true,
};

/** `chexgpu.js` and its chunks. @returns esbuild's result with the metafile */
export function bundleLibrary(outdir) {
  return build({ ...options, entryPoints: { chexgpu: 'src/index.ts' }, outdir });
}

/** The page of examples/browser with its script. @returns esbuild's result with the metafile */
export function bundleExample(outdir) {
  const folder = join(root, 'examples', 'browser');
  cpSync(folder, outdir, { recursive: true, filter: (path) => !path.endsWith('.ts') });
  cpSync(join(root, 'weights', SHIPPED_WEIGHTS), join(outdir, 'weights', SHIPPED_WEIGHTS));
  return build({
    ...options,
    entryPoints: { main: join(folder, 'main.ts') },
    outdir,
    alias: { chexgpu: join(root, 'src', 'index.ts') },
  });
}
