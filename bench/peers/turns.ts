/** Engines opened, checked and timed in turns: the same in a process of each and in a page. */
import { byteSize } from '../../src/core/formatting.js';
import { median } from '../../src/engine/timing/statistics.js';
import type { EngineJob, EngineRunner, Opened } from './engineRunner.js';
import { compareUpdates, type Referee } from './judging.js';
import {
  addNote,
  type Engine,
  emptyRow,
  jobName,
  type PeerJob,
  type PeerResult,
  type PeerRow,
  ratiosOf,
} from './peerReport.js';

/** In one turn an engine runs until this long has passed, so that quick ones are not timed cold. */
const TURN_MS = 250;
const TURN_RUNS = 5;

/** What a race needs to run a job. */
export interface TurnContext {
  engines: readonly Engine[];
  /** Turns of each engine after its first run; cold starts of each. */
  rounds: number;
  /** For one answer of one engine. */
  timeoutMs: number;
  /** Everyone has one turn; a further one only where it is likely to end within this time. */
  budgetMs: number;
  start: (engine: Engine) => EngineRunner;
  /** What an engine is told of a job. */
  jobFor: (job: PeerJob) => EngineJob;
  onProgress: (message: string) => void;
  /** Filled with what the engines say. */
  versions: Record<string, string>;
  signal?: AbortSignal;
}

interface Runner {
  row: PeerRow;
  engine: EngineRunner;
  /** Numbers of the first run of the first turn; for training, the loss after one update. */
  second?: Float32Array;
}

/** @throws the signal's reason when it is aborted; an engine that fails has a row that says so */
export async function raceInTurns(context: TurnContext, job: PeerJob, referee: Referee): Promise<PeerResult> {
  const isDue = turnsWithin(context.budgetMs);
  const rows = context.engines.map(emptyRow);
  const runners: Runner[] = [];
  try {
    for (const row of rows) runners.push(await openRunner(context, job, row, referee.check));
    for (let round = 0; round < (job.kind === 'memory' ? 1 : context.rounds); round++) {
      for (const runner of runners) {
        if (isDue(runner.row, round))
          await attempt(context, runner.row, () => takeTurn(context, job, runner));
      }
      if (round === 0 && job.kind === 'trainStep') compareUpdates(runners);
    }
  } finally {
    await Promise.all(runners.map(({ engine }) => engine.stop()));
  }
  return resultOf(job, referee, rows);
}

/** Whether an engine is to run once more: it was right, and the time suffices. */
export function turnsWithin(budgetMs: number): (row: PeerRow, round: number) => boolean {
  const deadline = Date.now() + budgetMs;
  return (row, round) =>
    row.status === 'ok' && (round === 0 || Date.now() + (row.samples.at(-1) ?? 0) < deadline);
}

/** Fills in the medians. */
export function resultOf(job: PeerJob, referee: Referee, rows: PeerRow[]): PeerResult {
  for (const row of rows) {
    row.ms = row.status === 'ok' && row.samples.length > 0 ? median(row.samples) : null;
    row.perImage = row.ms !== null ? row.ms / job.batch : null;
  }
  return { job, referee: referee.name, rows, ratios: ratiosOf(rows) };
}

async function openRunner(
  context: TurnContext,
  job: PeerJob,
  row: PeerRow,
  check: Referee['check'],
): Promise<Runner> {
  const { timeoutMs, onProgress } = context;
  const name = `${jobName(job)}, ${row.engine}`;
  onProgress(`${name}: first run`);
  const engine = context.start(row.engine);
  await attempt(context, row, async () => {
    const opened = await engine.ask('open', timeoutMs, context.jobFor(job));
    if (!settle(context, row, opened)) return;
    const first = await engine.ask('run', timeoutMs);
    if (job.kind !== 'memory') row.firstMs = first.ms;
    check(row, first.values);
    onProgress(`${name}: ${row.status}, first run ${first.ms.toFixed(0)} ms`);
  });
  if (row.status !== 'ok') {
    await engine.stop();
    onProgress(`${name}: ${row.status}, ${row.note}`);
  }
  return { row, engine };
}

async function takeTurn(context: TurnContext, job: PeerJob, runner: Runner): Promise<void> {
  const { row, engine } = runner;
  const { timeoutMs, onProgress } = context;
  if (job.kind === 'memory') {
    const { peak, held, details } = await engine.ask('memory', timeoutMs);
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
    const { ms, values } = await engine.ask('run', timeoutMs);
    runner.second ??= values;
    row.samples.push(ms);
  }
  onProgress(`${jobName(job)}, ${row.engine}: ${row.samples.at(-1)!.toFixed(0)} ms`);
}

/** Notes what the engine said of itself. False when it cannot do the job. */
export function settle({ versions }: TurnContext, row: PeerRow, opened: Opened): boolean {
  if (opened.unsupported) {
    row.status = 'unsupported';
    addNote(row, opened.unsupported);
    return false;
  }
  Object.assign(versions, opened.versions);
  const drivers = (opened.drivers ?? []).map((path) => path.split('/').at(-1)).join(', ');
  row.adapter = opened.adapter ?? (drivers || 'not told');
  return true;
}

/** Some of an engine's work: what it throws is noted in its row. @throws the signal's reason */
export async function attempt(
  { signal }: TurnContext,
  row: PeerRow,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    signal?.throwIfAborted();
    row.status = 'failed';
    addNote(row, (error as Error).message);
  }
}
