/** The library for browsers, bundled: nothing is left to load from outside, so it works under a strict policy. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

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

/**
 * How esbuild makes what runs in a browser. Splitting keeps the HDF5 reader, 4 MB of WebAssembly, out until a weight
 * file is opened.
 */
export const browserOptions = {
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
  return build({ ...browserOptions, entryPoints: { chexgpu: 'src/index.ts' }, outdir });
}
