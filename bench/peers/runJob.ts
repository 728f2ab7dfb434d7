/** One job: every engine opened, checked against the referee (rightNumbers.ts), then timed in turns. */

import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { byteSize } from '../../src/core/formatting.js';
import { median } from '../../src/engine/timing/statistics.js';
import type { EngineProcess, Opened } from './engineProcess.js';
import {
  addNote,
  emptyRow,
  jobName,
  type PeerJob,
  type PeerResult,
  type PeerRow,
  ratiosOf,
} from './peerReport.js';
import { childJob, type RaceContext, startEngine } from './raceContext.js';
import { compareUpdates, findReferee } from './rightNumbers.js';

/** In one turn an engine runs until this long has passed, so that quick ones are not timed cold. */
const TURN_MS = 250;
const TURN_RUNS = 5;

interface Runner {
  row: PeerRow;
  process: EngineProcess;
  /** Numbers of the first run of the first turn; for training, the loss after one update. */
  second?: Float32Array;
}

/** @throws the signal's reason when it is aborted; an engine that fails has a row that says so */
export async function runJob(context: RaceContext, job: PeerJob): Promise<PeerResult> {
  const deadline = Date.now() + context.budgetMs;
  const referee = await findReferee(context, job);
  const rows = context.engines.map(emptyRow);
  const next = (row: PeerRow, round: number) =>
    row.status === 'ok' && (round === 0 || Date.now() + (row.samples.at(-1) ?? 0) < deadline);

  if (job.kind === 'coldStart') {
    for (let round = 0; round < context.rounds; round++) {
      for (const row of rows) if (next(row, round)) await startCold(context, job, row, referee.check);
    }
  } else {
    const runners: Runner[] = [];
    try {
      for (const row of rows) runners.push(await openRunner(context, job, row, referee.check));
      for (let round = 0; round < (job.kind === 'memory' ? 1 : context.rounds); round++) {
        for (const runner of runners) {
          if (next(runner.row, round))
            await attempt(context, runner.row, () => takeTurn(context, job, runner));
        }
        if (round === 0 && job.kind === 'trainStep') compareUpdates(runners);
      }
    } finally {
      await Promise.all(runners.map(({ process }) => process.stop()));
    }
  }
  for (const row of rows) {
    row.ms = row.status === 'ok' && row.samples.length > 0 ? median(row.samples) : null;
    row.perImage = row.ms !== null ? row.ms / job.batch : null;
  }
  return { job, referee: referee.name, rows, ratios: ratiosOf(rows) };
}

type Check = (row: PeerRow, values: Float32Array) => void;

async function openRunner(context: RaceContext, job: PeerJob, row: PeerRow, check: Check): Promise<Runner> {
  const { timeoutMs, onProgress } = context;
  const name = `${jobName(job)}, ${row.engine}`;
  onProgress(`${name}: first run`);
  const process = startEngine(context, row.engine);
  await attempt(context, row, async () => {
    const opened = await process.ask('open', timeoutMs, childJob(context, job));
    if (!settle(context, row, opened)) return;
    const first = await process.ask('run', timeoutMs);
    if (job.kind !== 'memory') row.firstMs = first.ms;
    check(row, first.values);
    onProgress(`${name}: ${row.status}, first run ${first.ms.toFixed(0)} ms`);
  });
  if (row.status !== 'ok') {
    await process.stop();
    onProgress(`${name}: ${row.status}, ${row.note}`);
  }
  return { row, process };
}

async function takeTurn(context: RaceContext, job: PeerJob, runner: Runner): Promise<void> {
  const { row, process } = runner;
  const { timeoutMs, onProgress } = context;
  if (job.kind === 'memory') {
    const { peak, held, details } = await process.ask('memory', timeoutMs);
    row.bytes = peak - held;
    const more = Object.entries(details).map(([what, bytes]) => `; ${what}: ${byteSize(bytes)}`);
    addNote(
      row,
      `peak ${byteSize(peak)} less ${byteSize(held)} of weights, gradients and Adam${more.join('')}`,
    );
    return;
  }
  const started = performance.now();
  for (let i = 0; i < TURN_RUNS && (i === 0 || performance.now() - started < TURN_MS); i++) {
    const { ms, values } = await process.ask('run', timeoutMs);
    runner.second ??= values;
    row.samples.push(ms);
  }
  onProgress(`${jobName(job)}, ${row.engine}: ${row.samples.at(-1)!.toFixed(0)} ms`);
}

/** From the spawn of a process to its first probabilities, with caches of its own that are empty. */
async function startCold(context: RaceContext, job: PeerJob, row: PeerRow, check: Check): Promise<void> {
  const cache = mkdtempSync(join(tmpdir(), 'chexgpu-cold-'));
  const empty = emptyCaches(cache, context.swiftshader);
  const started = performance.now();
  const process = startEngine(context, row.engine, empty);
  try {
    await attempt(context, row, async () => {
      const first = await process.ask('first', context.timeoutMs, childJob(context, job));
      const ms = performance.now() - started;
      if (!settle(context, row, first)) return;
      check(row, first.values);
      if (row.status === 'ok') row.samples.push(ms);
    });
  } finally {
    await process.stop();
    rmSync(cache, { recursive: true, force: true });
  }
  const time = row.status === 'ok' ? `${row.samples.at(-1)!.toFixed(0)} ms` : row.note;
  context.onProgress(`${jobName(job)}, ${row.engine}: ${row.status}, ${time}`);
}

/**
 * Caches of the drivers and ours, in `folder`.
 * @param swiftshader its library, where it is there already, as other drivers are
 */
export function emptyCaches(folder: string, swiftshader: string | undefined): NodeJS.ProcessEnv {
  const ours = join(folder, 'chexgpu');
  mkdirSync(folder, { recursive: true });
  if (swiftshader) {
    mkdirSync(ours);
    symlinkSync(dirname(swiftshader), join(ours, basename(dirname(swiftshader))));
  }
  return {
    HOME: folder,
    XDG_CACHE_HOME: folder,
    CHEXGPU_CACHE: ours,
    MESA_SHADER_CACHE_DIR: join(folder, 'mesa'),
    __GL_SHADER_DISK_CACHE_PATH: folder,
  };
}

/** Notes what the engine said of itself. False when it cannot do the job. */
function settle(context: RaceContext, row: PeerRow, opened: Opened): boolean {
  if (opened.unsupported) {
    row.status = 'unsupported';
    addNote(row, opened.unsupported);
    return false;
  }
  Object.assign(context.versions, opened.versions);
  row.adapter = opened.adapter ?? (opened.drivers.map((path) => basename(path)).join(', ') || 'not told');
  return true;
}

async function attempt(context: RaceContext, row: PeerRow, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    context.signal?.throwIfAborted();
    row.status = 'failed';
    addNote(row, (error as Error).message);
  }
}
