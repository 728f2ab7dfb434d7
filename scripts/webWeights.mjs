/**
 * The network in the box as the pages load it: safetensors, which need neither 5 MB of a reader of HDF5 nor
 * WebAssembly. The numbers are the same to the last bit. The toy is safetensors already.
 */
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { nodeOptions } from './runBundled.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const NAME = 'phantoms-densenet121';

const CONVERT = `
import { densenetConfig } from './src/densenet/architecture.js';
import { readWeights, writeWeights } from './src/densenet/weights/formats.js';

export async function convert(bytes) {
  const read = await readWeights(bytes, densenetConfig('densenet121'), '${NAME}.h5');
  const { tensors, config, labels, preprocessing, thresholds, notice } = read;
  const meaning = { labels, preprocessing, thresholds, notice };
  return writeWeights('safetensors', tensors, config, { ...meaning, half: true });
}
`;

/** Converts the file, or takes what an earlier build made of the same bytes by the same program. */
async function converted(file, cache) {
  const program = await build({
    ...nodeOptions,
    stdin: { contents: CONVERT, resolveDir: root, loader: 'ts' },
    write: false,
  });
  const [{ text }] = program.outputFiles;
  const bytes = readFileSync(file);
  const made = join(
    cache,
    `${createHash('sha256').update(text).update(bytes).digest('hex').slice(0, 24)}.safetensors`,
  );
  if (existsSync(made)) return made;
  mkdirSync(cache, { recursive: true });
  const script = join(cache, `convert-${process.pid}.mjs`);
  writeFileSync(script, text);
  const { convert } = await import(pathToFileURL(script).href);
  writeFileSync(`${made}.${process.pid}`, await convert(bytes));
  renameSync(`${made}.${process.pid}`, made);
  return made;
}

/** Puts the networks, and the operating points of the large one, into `outdir`. */
export async function putWeights(outdir) {
  const from = join(root, 'weights', NAME);
  const target = join(outdir, `${NAME}.safetensors`);
  mkdirSync(dirname(target), { recursive: true });
  cpSync(await converted(`${from}.h5`, join(root, 'node_modules', '.cache', 'web-weights')), target);
  cpSync(`${from}.points.json`, join(outdir, `${NAME}.points.json`));
  const toy = 'phantoms-toy.safetensors';
  cpSync(join(root, 'weights', toy), join(outdir, toy));
}
