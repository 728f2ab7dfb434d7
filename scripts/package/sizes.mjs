/**
 * What the library weighs in a page: dist/esm bundled for it by rolldown, which Vite bundles with, made small, and
 * measured by size-limit, gzip, in kB of 1000 bytes.
 *
 *   node scripts/package/sizes.mjs
 */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import fileSize from '@size-limit/file';
import { rolldown } from 'rolldown';
import sizeLimit from 'size-limit';

const root = fileURLToPath(new URL('../..', import.meta.url));
const cache = join(root, 'node_modules', '.cache');

/** What the README's page imports. */
const PREDICTS = '{ DenseNet, loadWeights, openGpu, xrayBatch }';
/** Weights that are there already, by name. */
const BARE = '{ DenseNet, openGpu, xrayBatch }';
const EVERYTHING = '* as everything';

/** Chunks by the modules that are asked for: what reads a file of PyTorch, what explains. */
const TORCH = /^(weightsLoader|torch|torchFiles)$/;
const EXPLAIN = /^explainer$/;
const BOTH = /^(weightsLoader|torch|torchFiles|explainer)$/;
const ALL = /./;

/**
 * What a page imports, and what it must not weigh more than. Counted is all that the page loads: what comes at first,
 * and what `later` names of that which comes when it is used.
 */
export const USES = [
  { name: '{ LABELS }', imports: '{ LABELS }', limit: 1 },
  { name: 'predict, at first', imports: PREDICTS, limit: 40 },
  { name: 'predict and explain', imports: PREDICTS, later: EXPLAIN, limit: 45 },
  { name: 'predict, and safetensors are read', imports: PREDICTS, later: TORCH, limit: 54 },
  { name: 'predict and explain, and the same', imports: PREDICTS, later: BOTH, limit: 57 },
  { name: 'predict, and all that may come later', imports: PREDICTS, later: ALL, limit: 109 },
  { name: "predict, with one's own tensors", imports: BARE, limit: 40 },
  { name: 'predict and explain, with the same', imports: BARE, later: EXPLAIN, limit: 45 },
  { name: 'everything, at first', imports: EVERYTHING, limit: 90 },
  { name: 'everything, and all that comes later', imports: EVERYTHING, later: ALL, limit: 147 },
];

/** The files of a page, those that it loads: of a program, which exports nothing, as Vite makes one. */
async function bundle(imports, later, folder) {
  const entry = join(folder, 'page.js');
  const used = imports.replace('* as ', '');
  const library = JSON.stringify(join(root, 'dist', 'esm', 'index.js'));
  writeFileSync(entry, `import ${imports} from ${library};\nglobalThis.used = ${used};\n`);
  const bundled = await rolldown({
    input: entry,
    external: ['h5wasm'],
    platform: 'browser',
    preserveEntrySignatures: false,
    // A page's maker would see it too; but whoever takes everything leaves nothing for later.
    onLog: (_level, { code, message }) => {
      if (code !== 'INEFFECTIVE_DYNAMIC_IMPORT') throw new Error(message);
    },
  });
  // All of it lies in one file where nothing is left out.
  const codeSplitting = later !== ALL;
  const { output } = await bundled.generate({ format: 'esm', minify: true, comments: false, codeSplitting });
  const chunks = new Map(output.map((chunk) => [chunk.fileName, chunk]));
  const loaded = new Set();
  const load = (name) => {
    const chunk = chunks.get(name);
    if (!chunk || loaded.has(name)) return;
    loaded.add(name);
    chunk.imports.forEach(load);
  };
  for (const { fileName, isEntry, isDynamicEntry, name } of output) {
    if (isEntry || (isDynamicEntry && later?.test(name))) load(fileName);
  }
  return [...loaded].map((name) => {
    const file = join(folder, name.replaceAll('/', '-'));
    writeFileSync(file, chunks.get(name).code);
    return file;
  });
}

/** @returns kB of each use, in order */
export async function measureSizes() {
  mkdirSync(cache, { recursive: true });
  const sizes = [];
  for (const { imports, later } of USES) {
    const folder = mkdtempSync(join(cache, 'sizes-'));
    try {
      const files = await bundle(imports, later, folder);
      const [{ size }] = await sizeLimit([fileSize], { checks: [{ files, gzip: true }] });
      sizes.push(size / 1000);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return sizes;
}

/** One line per use. */
export function sizeTable(sizes) {
  return USES.map(({ name, limit }, i) => {
    const kilobytes = sizes[i].toFixed(1).padStart(6);
    return `${name.padEnd(40)} ${kilobytes} kB gzip, at most ${limit}`;
  }).join('\n');
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  console.log(sizeTable(await measureSizes()));
}
