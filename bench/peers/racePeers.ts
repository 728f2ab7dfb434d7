/** Our engine against ONNX Runtime and TensorFlow.js: the same network, the same adapter, in turns. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DenseNetConfig, densenetConfig } from '../../src/densenet/architecture.js';
import { EngineProcess, peerEnvironment } from './engineProcess.js';
import type { Opened } from './engineRunner.js';
import { BenchFiles } from './peerFiles.js';
import { ENGINES, type Engine, type PeerJob, type PeerReport } from './peerReport.js';
import { runJob } from './runJob.js';

export * from './peerReport.js';

export interface RaceOptions {
  jobs?: readonly PeerJob[];
  engines?: readonly Engine[];
  /** Turns each, in which a quick engine runs several times; default 3. */
  rounds?: number;
  /** For one answer of one engine; default 10 minutes, which TensorFlow.js can need on SwiftShader. */
  timeoutMs?: number;
  /** For one job: every engine has one turn, further ones only within this time. Default 3 minutes. */
  budgetMs?: number;
  /** Default: densenet121 with 14 classes. */
  config?: DenseNetConfig;
  /** Ends the race: all processes are killed and racePeers throws the signal's reason. */
  signal?: AbortSignal;
  onProgress?: (message: string) => void;
}

export const PEER_JOBS: readonly PeerJob[] = [
  { kind: 'forward', batch: 1, size: 224 },
  { kind: 'forward', batch: 8, size: 320 },
  { kind: 'trainStep', batch: 4, size: 64 },
  { kind: 'coldStart', batch: 1, size: 224 },
  { kind: 'memory', batch: 4, size: 64 },
];

/**
 * Runs the jobs one after another. A peer that fails, or is wrong, has a row that says so. The adapter is the
 * one that CHEXGPU_ADAPTER names, else the best of this machine; dist must be built, as our engine is loaded
 * from there.
 * @throws Error when our own engine finds no adapter
 */
export async function racePeers(options: RaceOptions = {}): Promise<PeerReport> {
  const {
    jobs = PEER_JOBS,
    engines = ENGINES,
    rounds = 3,
    timeoutMs = 600_000,
    budgetMs = 180_000,
  } = options;
  const { signal, onProgress = () => {} } = options;
  const folder = mkdtempSync(join(tmpdir(), 'chexgpu-peers-'));
  try {
    const ours = await askForAdapter(folder, timeoutMs, signal);
    const { environment: peers, swiftshader } = peerEnvironment(ours, folder);
    const files = new BenchFiles(folder, options.config ?? densenetConfig('densenet121'));
    const report: PeerReport = {
      date: new Date().toISOString(),
      adapter: ours.adapter ?? '',
      node: process.version,
      versions: {},
      results: [],
    };
    const { versions } = report;
    const environment = (engine: Engine) => (engine === 'chexgpu' ? process.env : peers);
    const limits = { rounds, timeoutMs, budgetMs, signal };
    const context = { files, engines, environment, swiftshader, onProgress, versions, ...limits };
    for (const job of jobs) report.results.push(await runJob(context, job));
    return report;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What our engine finds by itself; the peers are led to the same. */
async function askForAdapter(folder: string, timeoutMs: number, signal?: AbortSignal): Promise<Opened> {
  const probe = new EngineProcess('chexgpu', process.env, { signal });
  try {
    return await probe.ask('open', timeoutMs, { kind: 'adapter', folder, batch: 1, size: 32 });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    await probe.stop();
  }
}
