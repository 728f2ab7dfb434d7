/** Shaders as the browser gets them. */
import { readFile } from 'node:fs/promises';

/** Lines that the loader reads by their very letters (src/engine/wgsl): declarations, and what is marked. */
const READ = /^(?:const|alias|enable|struct) |\/\*(?:unroll|registers)\*\/|row_major/;

/**
 * WGSL without comments and without spaces that mean nothing. The lines stay, empty ones too: what a browser's compiler
 * says of a line is true of the source.
 */
export function smallWgsl(text) {
  return text
    .replace(/\/\/.*$/gm, '')
    .split('\n')
    .map((line) => (READ.test(line) ? line.trim() : dense(line.trim())))
    .join('\n');
}

/** Not around - and &, which two of in a row are another operator. */
function dense(line) {
  return line.replace(/ ?([{}();,=*/<>%|?:^]) ?/g, '$1');
}

/** For esbuild: text, made small. */
export const shaders = {
  name: 'shaders',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.wgsl$/ }, async ({ path }) => ({
      contents: smallWgsl(await readFile(path, 'utf8')),
      loader: 'text',
    })),
};
