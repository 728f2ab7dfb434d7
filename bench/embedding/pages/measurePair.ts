/** One library at one task: a first visit, a second one, and whether what came out is right. */
import { largestDifference } from '../../peers/judging.js';
import { TASK_FACTS, WEIGHT_FILES } from '../libraries.js';
import type { TaskRow } from '../report.js';
import { inFreshBrowser, TaskError, type Visit, visit } from './runPage.js';
import type { PageServer } from './servePages.js';

const TIMEOUT_MS = 900_000;
/** A user stays a moment: the browser may not have written yet what the program gave it to keep. */
const STAYS_MS = 2000;

/** Adds a run to `row`, or says in it what is wrong. The first round checks; `ours`: chexgpu's row of the task. */
export async function measurePair(
  server: PageServer,
  row: TaskRow,
  ours: TaskRow | undefined,
  round: number,
): Promise<void> {
  const name = `${row.library}/${row.task}`;
  try {
    const { again } = TASK_FACTS[row.task];
    const [cold, warm] = await inFreshBrowser(async (page) => {
      const first = await visit(page, server, name, TIMEOUT_MS);
      if (!again) return [first, null];
      await page.waitForTimeout(STAYS_MS);
      return [first, await visit(page, server, name, TIMEOUT_MS)];
    });
    if (round === 0) {
      row.programBytes = cold.programBytes;
      row.dataBytes = cold.dataBytes;
      row.values = cold.values;
      const trouble =
        row.task === 'load' && warm
          ? (lackOf(row, cold, warm) ?? (await damageUnnoticed(server, row)))
          : differs(row, ours);
      if (trouble) {
        row.status = 'wrong';
        row.note = trouble;
        return;
      }
    }
    row.cold.push(cold.ms);
    if (warm) row.warm.push(warm.ms);
  } catch (error) {
    row.status = 'failed';
    row.note = (error as Error).message.split('\n').slice(0, 3).join(' ');
  }
}

/** What is wrong with a row's numbers; undefined where they are those of `ours`. */
export function differs(row: TaskRow, ours: TaskRow | undefined): string | undefined {
  if (!ours || ours === row) return undefined;
  const { tolerance } = TASK_FACTS[row.task];
  // By name where they have names: another order would be another result.
  const names = Object.keys(ours.values ?? {});
  const numbers = (values: TaskRow['values']) => {
    return names.map((name) => (values as Record<string, number> | null)?.[name] ?? Number.NaN);
  };
  const sameCount = Object.keys(row.values ?? {}).length === names.length && names.length > 0;
  row.difference = sameCount
    ? largestDifference(numbers(row.values), numbers(ours.values))
    : Number.POSITIVE_INFINITY;
  return row.difference <= tolerance
    ? undefined
    : `differs from chexgpu by ${row.difference.toPrecision(2)}; ${tolerance} is allowed`;
}

/** What `load` lacks of progress and cache. */
export function lackOf({ library }: TaskRow, cold: Visit, warm: Visit): string | undefined {
  const { progress } = cold;
  if (progress.length < 3 || Math.abs(progress[progress.length - 1] - 1) > 1e-6) {
    return `tells no progress: ${JSON.stringify(progress.slice(0, 3))}`;
  }
  const file = WEIGHT_FILES[library];
  return warm.files.some((path) => path.endsWith(file)) ? `fetches ${file} again` : undefined;
}

async function damageUnnoticed(server: PageServer, { library, task }: TaskRow): Promise<string | undefined> {
  server.damage(WEIGHT_FILES[library]);
  try {
    await inFreshBrowser((page) => visit(page, server, `${library}/${task}`, TIMEOUT_MS));
    return 'takes a damaged file';
  } catch (error) {
    if (error instanceof TaskError) return undefined;
    throw error;
  } finally {
    server.damage(null);
  }
}
