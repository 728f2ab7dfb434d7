/**
 * Measures chexgpu in a page beside TensorFlow.js, ONNX Runtime and transformers.js (docs/embedding.md). Installs these
 * here first, some 700 MB, and builds dist.
 *
 *   node bench/embedding/run.mjs [--rounds 3] [--minutes 60] [--side 64] [--count 2] [--only tfjs/batch ...]
 *     [--no-install] [--json FILE]
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runBundled } from '../../scripts/runBundled.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const here = join(root, 'bench', 'embedding');
process.chdir(root);
const npm = (...args) => execFileSync('npm', args, { stdio: ['ignore', 2, 2] });
if (!existsSync(join(here, 'node_modules'))) npm('--prefix', here, 'ci');
npm('run', 'build');
await runBundled('bench/embedding/measure.ts', 'embedding');
