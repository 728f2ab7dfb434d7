/** Whether an engine's numbers are right: no other is timed. */
import { addNote, type PeerJob, type PeerRow } from './peerReport.js';

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

/** What a job's first numbers are allowed to differ by. */
export function allowed({ kind }: PeerJob): number {
  return kind === 'trainStep' || kind === 'memory' ? TOLERANCE.loss : TOLERANCE.probability;
}

/** The right numbers, from one who is not in the race. */
export function refereeOf(name: string, right: ArrayLike<number>, most: number): Referee {
  return { name, check: (row, got) => judge(row, largestDifference(got, right), most, name) };
}

/** Without a referee, the first engine that is checked is the measure of the others; `note` says so of it. */
export function firstAsReferee(
  name: string,
  most: number,
  note = 'not checked: there was no referee',
): Referee {
  let first: { row: PeerRow; values: Float32Array } | undefined;
  return {
    name,
    check(row, values) {
      first ??= { row, values };
      // A later start of the same engine is the measure again.
      if (first.row === row) {
        if (!row.note) addNote(row, note);
      } else judge(row, largestDifference(values, first.values), most, first.row.engine);
    },
  };
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
