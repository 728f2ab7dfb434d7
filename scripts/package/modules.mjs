/**
 * dist/esm: the library module by module, so that a bundler takes of it what a page uses and nothing else. Shaders are
 * modules too, without comments; calls at the top of a module are marked pure.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { build } from 'esbuild';
import { shaders, smallWgsl } from './shaders.mjs';

/**
 * `const NAME = call(...)` at the top of a module: nothing here does anything else than make its value, and no bundler
 * can know that of a call.
 */
const TOP_CALL =
  /^((?:export )?(?:const|let|var) \w+ = )(?!\/\*|async\b|function\b|await\b)((?:new )?[\w.]+\()/gm;

/** A class' field without a value; those that the constructor sets to what it was given need not be declared. */
const BARE_FIELD = /^ {2}(\w+);\n/gm;

/** Shaders and tables become modules, too. */
const TEXT_IMPORT = /(from "|import\(")([^"]+\.(?:wgsl|json))"/g;

/** @param entries files of `src`; with all that they import, but for packages */
export async function buildModules(root, entries, outdir) {
  const common = { absWorkingDir: root, format: 'esm', target: 'es2022', write: false, logLevel: 'warning' };
  const { metafile } = await build({
    ...common,
    entryPoints: entries,
    bundle: true,
    outdir,
    splitting: true,
    packages: 'external',
    platform: 'browser',
    plugins: [shaders],
    metafile: true,
  });
  const inputs = Object.keys(metafile.inputs).map((input) => input.replace(/^\w+:/, ''));
  const { outputFiles } = await build({
    ...common,
    entryPoints: inputs.filter((input) => input.endsWith('.ts')),
    bundle: false,
    outdir,
    outbase: 'src',
  });
  const files = outputFiles.map(({ path, text }) => [path, moduleText(text)]);
  for (const input of inputs.filter((name) => !name.endsWith('.ts'))) {
    const text = await readFile(join(root, input), 'utf8');
    const value = input.endsWith('.json') ? JSON.parse(text) : smallWgsl(text);
    files.push([`${join(outdir, relative('src', input))}.js`, `export default ${JSON.stringify(value)};\n`]);
  }
  for (const [path, text] of files) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}

function moduleText(text) {
  return text
    .replace(TOP_CALL, '$1/* @__PURE__ */ $2')
    .replace(TEXT_IMPORT, '$1$2.js"')
    .replace(BARE_FIELD, (field, name) => (text.includes(`\n    this.${name} = ${name};\n`) ? '' : field));
}
