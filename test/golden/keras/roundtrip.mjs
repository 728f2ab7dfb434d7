/**
 * HDF5 both ways through real Keras:
 *
 *   node test/golden/keras/roundtrip.mjs PYTHON [PYTHON ...]
 *
 * chexgpu writes DenseNet121 in every format; each PYTHON loads the files in every Keras it has, predicts,
 * trains on, and writes files of its own; chexgpu reads those, predicts, trains on, and the distances are
 * printed. Takes some minutes and 1 GB of disk; CHEXGPU_ROUNDTRIP=DIR keeps the files in DIR.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const golden = join(here, '..');
const root = join(golden, '..', '..');
const pythons = process.argv.slice(2);
if (pythons.length === 0) {
  console.error('Which Python? For example: node test/golden/keras/roundtrip.mjs venv/bin/python');
  process.exit(2);
}

const cache = join(root, 'node_modules', '.cache', 'chexgpu-roundtrip');
mkdirSync(cache, { recursive: true });
const outfile = join(cache, 'roundtrip.mjs');
await build({
  entryPoints: [join(here, 'roundtrip.ts')],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  loader: { '.wgsl': 'text' },
  logLevel: 'error',
});
const { write, check, report } = await import(pathToFileURL(outfile).href);

const kept = process.env.CHEXGPU_ROUNDTRIP;
if (kept) mkdirSync(kept, { recursive: true });
const folder = kept ?? mkdtempSync(join(tmpdir(), 'chexgpu-roundtrip-'));
let passed = false;
try {
  await write(folder, join(golden, 'network'));
  for (const python of pythons) {
    const { status } = spawnSync(python, [join(here, 'keras_roundtrip.py'), folder], {
      stdio: 'inherit',
      env: { ...process.env, PYTHONPATH: join(golden, 'shared') },
    });
    if (status !== 0) throw new Error(`${python} ended with ${status}`);
  }
  passed = report(folder, await check(folder));
} finally {
  if (!kept) rmSync(folder, { recursive: true });
}
process.exit(passed ? 0 : 1);
