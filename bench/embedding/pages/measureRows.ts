/** All programs in rounds. */
import { LIBRARIES, TASKS } from '../libraries.js';
import { rowOf, type TaskRow } from '../report.js';
import { measurePair } from './measurePair.js';
import type { PageServer } from './servePages.js';

export interface Rounds {
  rounds: number;
  /** Milliseconds of `Date.now()` from which on no further round goes on. */
  deadline: number;
  say: (message: string) => void;
  save: () => void;
}

/** In turns, so that whatever else the machine does meets all alike; what is wrong has no further turn. */
export async function measureRows(
  server: PageServer,
  rows: readonly TaskRow[],
  options: Rounds,
): Promise<void> {
  const { rounds, deadline, say, save } = options;
  for (let round = 0; round < rounds; round++) {
    for (const task of TASKS) {
      for (const library of LIBRARIES) {
        const row = rowOf(rows, library, task);
        if (row?.status !== 'ok' || (round > 0 && Date.now() > deadline)) continue;
        await measurePair(server, row, rowOf(rows, 'chexgpu', task), round);
        const last = [row.cold, row.warm].map((times) => (times.at(-1) ?? Number.NaN) / 1000);
        const seconds = last.map((time) => time.toFixed(1)).join(' s, ');
        say(`round ${round + 1}, ${library}, ${task}: ${row.status} ${seconds} s ${row.note}`);
        save();
      }
    }
  }
}
