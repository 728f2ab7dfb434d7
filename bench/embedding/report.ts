/** What was measured, and its tables in Markdown. */
import { byteSize } from '../../src/core/formatting.js';
import { median } from '../../src/engine/timing/statistics.js';
import { LIBRARIES, type Library, TASK_FACTS, TASKS, type Task } from './libraries.js';

/** One task of one library. */
export interface TaskRow {
  library: Library;
  task: Task;
  /** 'wrong': its numbers are not chexgpu's, or its `load` lacks something; no time of it counts. */
  status: 'ok' | 'cannot' | 'wrong' | 'failed';
  note: string;
  lines: number | null;
  /** JavaScript and WebAssembly that the page loaded, gzip; all else that it loaded. */
  programBytes: number | null;
  dataBytes: number | null;
  /** What came out. */
  values: number[] | Record<string, number> | null;
  /** Largest distance from chexgpu's numbers. */
  difference: number | null;
  /** Milliseconds from the start of the navigation to the result, of each run. */
  cold: number[];
  warm: number[];
}

export interface Install {
  library: Library;
  /** As it was installed, with the versions. */
  what: string;
  packages: number;
  bytes: number;
}

export interface EmbeddingReport {
  date: string;
  adapter: string;
  browser: string;
  machine: string;
  /** Load averages of the last minute when it began and when it ended. */
  load: number[];
  side: number;
  count: number;
  installs: Install[];
  rows: TaskRow[];
}

export const rowOf = (rows: readonly TaskRow[], library: Library, task: Task): TaskRow | undefined =>
  rows.find((row) => row.library === library && row.task === task);

type Cells = readonly (readonly string[])[];

function markdown(header: readonly string[], rows: Cells): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(header), `|${header.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

/** One row per task, one column per library. */
function taskTable(report: EmbeddingReport, cell: (row: TaskRow) => string): string {
  const rows = TASKS.map((task) => {
    const cells = LIBRARIES.map((library) => {
      const row = rowOf(report.rows, library, task);
      if (!row) return '';
      return row.status === 'ok' ? cell(row) : row.status;
    });
    return [TASK_FACTS[task].title, ...cells];
  });
  return markdown(['', ...LIBRARIES], rows);
}

const kilobytes = (bytes: number | null) => (bytes === null ? '' : `${(bytes / 1000).toFixed(0)} kB`);
const seconds = (ms: readonly number[]) => {
  const value = median(ms) / 1000;
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} s`;
};

/** Titles and tables, in order. */
export function reportTables(report: EmbeddingReport): string {
  const installs = LIBRARIES.map((library) => report.installs.find((each) => each.library === library));
  const install = markdown(
    ['', ...LIBRARIES],
    [
      ['`npm i` of', ...installs.map((each) => each?.what ?? '')],
      ['packages', ...installs.map((each) => (each ? String(each.packages) : ''))],
      ['on the disk', ...installs.map((each) => (each ? byteSize(each.bytes) : ''))],
    ],
  );
  const parts: [string, string][] = [
    ['Lines of the program', taskTable(report, ({ lines }) => String(lines))],
    [
      'JavaScript and WebAssembly that the page loads, gzip',
      taskTable(report, (row) => kilobytes(row.programBytes)),
    ],
    ['Install', install],
    [
      'From the start of the navigation to the result: first visit, second visit',
      taskTable(report, ({ cold, warm }) =>
        [cold, warm]
          .filter((ms) => ms.length > 0)
          .map(seconds)
          .join(', '),
      ),
    ],
    [
      "Largest distance from chexgpu's numbers",
      taskTable(report, ({ library, task, difference }) =>
        library === 'chexgpu' || task === 'load' ? '-' : (difference?.toExponential(0) ?? '-'),
      ),
    ],
  ];
  const notes = report.rows
    .filter(({ note }) => note !== '')
    .map(({ library, task, status, note }) => `- ${library}, ${TASK_FACTS[task].title}: ${status}: ${note}`);
  return [...parts.map(([title, table]) => `**${title}**\n\n${table}`), notes.join('\n')]
    .filter((part) => part !== '')
    .join('\n\n');
}
