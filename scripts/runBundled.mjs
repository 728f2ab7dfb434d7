/** Runs a TypeScript program of this repository in this process: bundled, its packages left where they are. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/** How esbuild makes a program for Node. */
export const nodeOptions = {
  absWorkingDir: root,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  loader: { '.wgsl': 'text' },
  logLevel: 'warning',
};

/** @param entry path of the program from the repository's root @param name of what is made of it in the cache */
export async function runBundled(entry, name) {
  const outfile = join(root, 'node_modules', '.cache', `${name}.mjs`);
  await build({ ...nodeOptions, entryPoints: [entry], outfile });
  await import(outfile);
}
