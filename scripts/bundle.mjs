/** The library for browsers, bundled: nothing is left to load from outside, so it works under a strict policy. */
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { shaders } from './package/shaders.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

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
  minify: true,
  logLevel: 'warning',
  metafile: true,
};

/** `chexgpu.js`, with the other doors, and its chunks. @returns esbuild's result with the metafile */
export function bundleLibrary(outdir) {
  return build({
    ...browserOptions,
    entryPoints: {
      chexgpu: 'src/index.ts',
      lab: 'src/lab.ts',
      phantoms: 'src/phantoms.ts',
      reading: 'src/reading.ts',
    },
    outdir,
  });
}
