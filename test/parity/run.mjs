/**
 * npm run parity: the comparisons with Keras, PyTorch, scikit-learn and their kin on every adapter of this
 * machine, one table an adapter. The reference values lie in test/golden, so no Python is needed.
 *
 *   npm run parity                       every adapter that is here: hardware, lavapipe, SwiftShader
 *   CHEXGPU_ADAPTER=lavapipe npm run parity      that one alone
 *   CHEXGPU_DATA=DIR npm run parity      with the real X-rays and files in DIR
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const ADAPTERS = ['hardware', 'lavapipe', 'swiftshader'];

/** What needs no GPU, and is the same on every adapter. */
const WITHOUT_GPU = [
  'test/data/images/resample.test.ts',
  'test/data/generator/augmentation.test.ts',
  'test/data/generator/generator.node.test.ts',
  'test/eval/scores/averages.test.ts',
  'test/eval/explain/colormap.test.ts',
];

/** The adapter's headline, or why it is not to be had. */
function probe(adapter) {
  const script = `import { findAdapter } from ${JSON.stringify(join(root, 'dist', 'node.js'))};
    findAdapter({ quiet: true }).then(
      (found) => { console.log(JSON.stringify({ headline: found.headline })); process.exit(0); },
      (error) => { console.log(JSON.stringify({ missing: error.message.split('\\n')[0] })); process.exit(0); },
    );`;
  const env = { ...process.env, CHEXGPU_ADAPTER: adapter };
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], { env, encoding: 'utf8' });
  try {
    return JSON.parse(child.stdout.trim().split('\n').at(-1));
  } catch {
    return {
      missing: `the search for it ended with ${child.status ?? child.signal}: ${child.stderr.trim()}`,
    };
  }
}

/** Runs the tests; gives their rows and whether all passed. */
async function compare(files, env) {
  const folder = mkdtempSync(join(tmpdir(), 'chexgpu-parity-'));
  const rows = join(folder, 'rows.jsonl');
  writeFileSync(rows, '');
  try {
    const child = spawn(process.execPath, [vitest, 'run', ...files], {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, ...env, CHEXGPU_PARITY_ROWS: rows },
    });
    const code = await new Promise((resolve) => child.on('close', resolve));
    const lines = readFileSync(rows, 'utf8').split('\n').filter(Boolean);
    return { passed: code === 0, rows: lines.map((line) => JSON.parse(line)) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function table(rows) {
  const number = (v) => (Number.isFinite(v) ? v.toExponential(1) : String(v));
  const cells = [
    ['item', 'compared', 'against', 'measure', 'worst', 'allowed', 'where the worst is'],
    ...rows.map((r) => [
      r.item,
      r.what,
      r.against,
      r.measure,
      `${number(r.worst)}${r.worst <= r.bound ? '' : ' !'}`,
      number(r.bound),
      r.where,
    ]),
  ];
  const widths = cells[0].map((_, i) => Math.max(...cells.map((row) => row[i].length)));
  return cells
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const forced = process.env.CHEXGPU_ADAPTER;
const tables = [];
let failed = false;

const independent = await compare(WITHOUT_GPU, {});
failed ||= !independent.passed;
tables.push(['On every adapter alike', independent]);

let ran = 0;
for (const adapter of forced ? [forced] : ADAPTERS) {
  const { headline, missing } = probe(adapter);
  if (missing) {
    console.log(`Left out, ${adapter}: ${missing}`);
    continue;
  }
  console.log(headline);
  const result = await compare(['test/parity'], { CHEXGPU_ADAPTER: adapter });
  failed ||= !result.passed;
  tables.push([headline, result]);
  ran++;
}

for (const [title, { passed, rows }] of tables) {
  console.log(`\n${title}: ${passed ? 'all within bounds' : 'FAILED'}\n${table(rows)}`);
}
if (ran === 0) {
  console.error('\nNo adapter was compared.');
  failed = true;
}
process.exitCode = failed ? 1 : 0;
