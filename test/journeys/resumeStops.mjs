/**
 * Stops a training at random moments, by Ctrl-C and by a kill that asks nobody, goes on each time, and compares what it
 * leaves with a training that was never stopped, byte for byte:
 *
 *     npm run build && node test/journeys/resumeStops.mjs [stops] [seed] [flags of train ...]
 *
 * With CHEXGPU_ADAPTER=swiftshader on that adapter. It takes minutes: each stop begins the program anew.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const [stops = '20', seed = '1', ...more] = process.argv.slice(2);
const CLI = resolve('dist/cli/main.js');
const FLAGS = [
  ...[
    '--data',
    'data',
    '--size',
    '32',
    '--batch-size',
    '4',
    '--epochs',
    '3',
    '--steps-per-epoch',
    '7',
    '--seed',
    '3',
  ],
  ...['--rotation-range', '10', '--width-shift-range', '0.1', '--zoom-range', '0.1', '--early-stopping', '1'],
  ...['--no-check', ...more],
];

const folder = mkdtempSync(join(tmpdir(), 'chexgpu-stops-'));

/** @param kill called with the process when the training has begun */
function chexgpu(args, kill = () => {}) {
  return new Promise((done) => {
    const child = spawn('node', [CLI, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    let begun = false;
    const hear = (data) => {
      said += data;
      if (begun || !said.includes('Training on')) return;
      begun = true;
      kill(child);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.on('exit', (code, signal) => done({ code, signal, said }));
  });
}

async function must(args) {
  const result = await chexgpu(args);
  if (result.code !== 0) throw new Error(`${args.join(' ')} ended with ${result.code}:\n${result.said}`);
  return result;
}

const bytesOf = (run, file) => readFileSync(join(folder, 'runs', run, file));
const sum = (bytes) => createHash('sha256').update(bytes).digest('hex').slice(0, 12);

let state = Number(seed);
/** A small generator of its own, so that a seed repeats the moments. */
const random = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
};

await must(['phantoms', '--out', 'data', '--images', '60', '--size', '64', '--seed', '5']);
const started = Date.now();
await must(['train', ...FLAGS, '--name', 'whole']);
const lasts = Date.now() - started;
console.log(`never stopped: ${(lasts / 1000).toFixed(1)} s, weights ${sum(bytesOf('whole', 'weights.h5'))}`);

let next = ['train', ...FLAGS, '--name', 'stopped', '--checkpoint-every', '2'];
let done = 0;
for (; done < Number(stops); done++) {
  const signal = random() < 0.5 ? 'SIGINT' : 'SIGKILL';
  const wait = random() * 0.12 * lasts;
  const { code, said } = await chexgpu(next, (child) => setTimeout(() => child.kill(signal), wait));
  const where = [/Stopped at.*/, /Resumed at.*/].map((pattern) => pattern.exec(said)?.[0] ?? '-');
  console.log(
    `${done + 1}: ${signal} after ${(wait / 1000).toFixed(1)} s, exit ${code}: ${where.join('; ')}`,
  );
  if (code === 0) break;
  if (hasCheckpoint()) next = ['train', '--resume', 'stopped'];
}
if (done === Number(stops)) await must(next);

function hasCheckpoint() {
  try {
    bytesOf('stopped', 'checkpoint.h5');
    return true;
  } catch {
    return false;
  }
}

let same = true;
for (const file of ['weights.h5', 'history.json']) {
  const [one, other] = ['whole', 'stopped'].map((run) => bytesOf(run, file));
  const equal = one.equals(other);
  same &&= equal;
  console.log(`${file}: ${sum(one)} ${equal ? 'the same bytes' : `differs: ${sum(other)}`}`);
}
rmSync(folder, { recursive: true, force: true });
process.exitCode = same ? 0 : 1;
