/** One job of engines in processes of their own, each checked against the referee (rightNumbers.ts). */

import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { Referee } from './judging.js';
import { emptyRow, jobName, type PeerJob, type PeerResult, type PeerRow } from './peerReport.js';
import { childJob, type RaceContext, startEngine } from './raceContext.js';
import { findReferee } from './rightNumbers.js';
import { attempt, raceInTurns, resultOf, settle, type TurnContext, turnsWithin } from './turns.js';

/** What the race in turns needs, of what the processes need. */
function turnContext(context: RaceContext): TurnContext {
  return {
    ...context,
    start: (engine) => startEngine(context, engine),
    jobFor: (job) => childJob(context, job),
  };
}

/** @throws the signal's reason when it is aborted; an engine that fails has a row that says so */
export async function runJob(context: RaceContext, job: PeerJob): Promise<PeerResult> {
  const referee = await findReferee(context, job);
  if (job.kind !== 'coldStart') return raceInTurns(turnContext(context), job, referee);
  const isDue = turnsWithin(context.budgetMs);
  const rows = context.engines.map(emptyRow);
  for (let round = 0; round < context.rounds; round++) {
    for (const row of rows) if (isDue(row, round)) await startCold(context, job, row, referee.check);
  }
  return resultOf(job, referee, rows);
}

/** From the spawn of a process to its first probabilities, with caches of its own that are empty. */
async function startCold(
  context: RaceContext,
  job: PeerJob,
  row: PeerRow,
  check: Referee['check'],
): Promise<void> {
  const cache = mkdtempSync(join(tmpdir(), 'chexgpu-cold-'));
  const empty = emptyCaches(cache, context.swiftshader);
  const started = performance.now();
  const process = startEngine(context, row.engine, empty);
  try {
    await attempt(turnContext(context), row, async () => {
      const first = await process.ask('first', context.timeoutMs, childJob(context, job));
      const ms = performance.now() - started;
      if (!settle(turnContext(context), row, first)) return;
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
