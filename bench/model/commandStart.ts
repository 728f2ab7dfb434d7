/** What a user waits for: from the start of `chexgpu predict` until the probabilities of one X-ray are written. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GpuError } from '../../src/core/errors.js';
import { densenetConfig } from '../../src/densenet/architecture.js';
import { initialWeights } from '../../src/densenet/initialisers.js';
import { writeWeightFile } from '../../src/densenet/weights/weights.node.js';
import { encodePng } from '../../src/eval/explain/overlay.node.js';
import { emptyCaches } from '../peers/runJob.js';

export interface StartOptions {
  /** The command's script. */
  script: string;
  /** Side of the images, pixels. */
  size: number;
  /** Starts of each kind. */
  rounds: number;
  signal?: AbortSignal;
  onProgress?: (done: number, total: number, what: string) => void;
}

/** Milliseconds of each start. */
export interface StartReport {
  size: number;
  /** All caches empty: ours, so that kernels are checked and SwiftShader is unpacked, and the driver's. */
  first: number[];
  /** The same command again, with what the first one left. */
  second: number[];
}

/** @throws GpuError with the command's last words when it fails; the signal's reason */
export async function measureStart(options: StartOptions): Promise<StartReport> {
  const { script, size, rounds, signal, onProgress = () => {} } = options;
  const folder = mkdtempSync(join(tmpdir(), 'chexgpu-start-'));
  const report: StartReport = { size, first: [], second: [] };
  try {
    const config = densenetConfig('densenet121');
    const [weights, image] = [join(folder, 'weights.h5'), join(folder, 'xray.png')];
    await writeWeightFile(weights, initialWeights(config, 1), config);
    const pixels = Uint8Array.from({ length: size * size }, (_, i) => (i * 7919) % 251);
    writeFileSync(image, await encodePng({ width: size, height: size, channels: 1, pixels }));
    for (let round = 0; round < rounds; round++) {
      const caches = join(folder, `caches ${round}`);
      for (const kind of ['first', 'second'] as const) {
        onProgress(2 * round + (kind === 'first' ? 0 : 1), 2 * rounds, `the ${kind} time`);
        const out = join(folder, `${kind} ${round}.csv`);
        const words = ['predict', '--weights', weights, '--size', `${size}`, '--out', out, image];
        const started = performance.now();
        await run([script, ...words], emptyCaches(caches, undefined), signal);
        report[kind].push(performance.now() - started);
        if (!existsSync(out)) throw new GpuError('The command ended well and wrote nothing.');
      }
      rmSync(caches, { recursive: true, force: true });
    }
    onProgress(2 * rounds, 2 * rounds, '');
    return report;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(words: readonly string[], caches: NodeJS.ProcessEnv, signal?: AbortSignal): Promise<void> {
  return new Promise((done, fail) => {
    const env = { ...process.env, ...caches };
    const child = spawn(process.execPath, words, { env, signal, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (text: Buffer) => {
      said += text.toString();
    });
    child.on('error', (error) => fail(signal?.aborted ? signal.reason : error));
    child.on('close', (code) => {
      if (code === 0) done();
      else fail(new GpuError(`The command ended with ${code}: ${said.trim().split('\n').at(-1)}`));
    });
  });
}
