/**
 * Who says what is right: ONNX Runtime on the CPU. For training it gives the probabilities with the batch's own
 * statistics, and the loss of these is taken in float64.
 */
import { weightedCrossEntropy } from '../../src/training/losses/weightedCrossEntropy.js';
import type { BenchFiles } from './peerFiles.js';
import { addNote, type PeerJob, type PeerRow } from './peerReport.js';
import { childJob, type RaceContext, startEngine } from './raceContext.js';

/**
 * How far an engine may lie from the referee: probabilities, the loss of the first step. The loss of the second
 * step shows whether gradients and Adam agree; the sign of a tiny gradient is chance, so it may lie further off.
 */
const TOLERANCE = { probability: 1e-3, loss: 1e-2, secondLoss: 5e-2 };

export interface Referee {
  name: string;
  /** Compares an engine's first numbers with the right ones; a row that is too far off becomes 'wrong'. */
  check: (row: PeerRow, values: Float32Array) => void;
}

/** Without ONNX Runtime, the first engine that is checked is the measure of the others. */
export async function findReferee(context: RaceContext, job: PeerJob): Promise<Referee> {
  const training = job.kind === 'trainStep' || job.kind === 'memory';
  const most = training ? TOLERANCE.loss : TOLERANCE.probability;
  const { labels } = context.files.prepare(job.batch, job.size, training ? 'batch' : 'moving');
  const process = startEngine(context, 'onnxruntime-cpu');
  try {
    const kind = training ? 'statistics' : 'forward';
    await process.ask('open', context.timeoutMs, { ...childJob(context, job), kind });
    const { values } = await process.ask('run', context.timeoutMs);
    const right = training ? [lossOf(context.files, values, labels)] : values;
    const name = 'onnxruntime-cpu';
    return { name, check: (row, got) => judge(row, largestDifference(got, right), most, name) };
  } catch (error) {
    context.signal?.throwIfAborted();
    let first: { row: PeerRow; values: Float32Array } | undefined;
    return {
      name: `none, as onnxruntime-cpu failed: ${(error as Error).message}`,
      check(row, values) {
        first ??= { row, values };
        // A later start of the same engine is the measure again.
        if (first.row === row) {
          if (!row.note) addNote(row, 'not checked: there was no referee');
        } else judge(row, largestDifference(values, first.values), most, first.row.engine);
      },
    };
  } finally {
    await process.stop();
  }
}

/** After one update: a peer whose loss is not ours has other gradients or another Adam, or we have. */
export function compareUpdates(runners: readonly { row: PeerRow; second?: Float32Array }[]): void {
  const ours = runners.find(({ row }) => row.engine === 'chexgpu' && row.status === 'ok');
  if (!ours?.second) return;
  for (const { row, second } of runners) {
    if (row.status !== 'ok' || !second || row === ours.row) continue;
    const difference = largestDifference(second, ours.second);
    if (difference <= TOLERANCE.secondLoss) continue;
    const both = `${row.engine} ${second[0]}, chexgpu ${ours.second[0]}`;
    const text = `the losses after one update differ by ${difference.toPrecision(2)}: ${both}`;
    row.status = 'wrong';
    addNote(row, text);
    addNote(ours.row, text);
  }
}

function judge(row: PeerRow, difference: number, most: number, referee: string): void {
  row.error = Math.max(row.error ?? 0, difference);
  if (difference <= most) return;
  row.status = 'wrong';
  addNote(row, `differs from ${referee} by ${difference.toPrecision(2)}; ${most} is allowed`);
}

function lossOf({ config }: BenchFiles, probabilities: Float32Array, labels: Float32Array): number {
  const ones = Array<number>(config.classes).fill(1);
  return weightedCrossEntropy({ posWeights: ones, negWeights: ones }).value(probabilities, labels);
}

/** Infinite where a value is missing or not a number. */
export function largestDifference(values: ArrayLike<number>, wanted: ArrayLike<number>): number {
  if (values.length !== wanted.length) return Number.POSITIVE_INFINITY;
  let most = 0;
  for (let i = 0; i < wanted.length; i++) {
    const difference = Math.abs(values[i] - wanted[i]);
    if (Number.isNaN(difference)) return Number.POSITIVE_INFINITY;
    most = Math.max(most, difference);
  }
  return most;
}
