/**
 * Where a command's words go. People read lines on stdout and progress on stderr; with --json, stdout
 * holds exactly one JSON document and everything else goes to stderr. Control characters in it are made visible.
 */
import { relative } from 'node:path';
import { Progress } from './progress.js';
import { visible, visibleCell, visibleJson } from './visible.js';

export class Output {
  readonly json: boolean;
  private progressNow: Progress | null = null;

  constructor({ json }: { json: boolean }) {
    this.json = json;
  }

  /** One line, or several. */
  say(text = ''): void {
    this.endProgress();
    (this.json ? process.stderr : process.stdout).write(`${visible(text)}\n`);
  }

  warn(text: string): void {
    this.note(`warning: ${text}`);
  }

  /** A line on stderr, whatever stdout holds. */
  note(text: string): void {
    this.endProgress();
    process.stderr.write(`${visible(text)}\n`);
  }

  /** A bar on a terminal, now and then a line elsewhere. One at a time: a new one ends the last. */
  progress(title: string, total: number, unit = ''): Progress {
    this.endProgress();
    this.progressNow = new Progress(title, total, unit);
    return this.progressNow;
  }

  endProgress(): void {
    this.progressNow?.end();
    this.progressNow = null;
  }

  /** What --json prints; call it once, at the end. */
  document(value: unknown): void {
    this.endProgress();
    if (this.json) process.stdout.write(`${visibleJson(value)}\n`);
  }

  /** Reports an error and gives back its exit code. */
  failure(code: string, message: string, exitCode: number): number {
    this.note(`chexgpu: ${message}`);
    this.document({ error: { code, message, exitCode } });
    return exitCode;
  }
}

/** Columns that line up; numbers to the right. */
export function textTable(
  header: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  indent = '  ',
): string {
  const cells = [header, ...rows].map((row) => row.map((cell) => visibleCell(String(cell))));
  const right = header.map((_, c) => rows.length > 0 && rows.every((row) => isNumber(row[c])));
  const widths = header.map((_, c) => Math.max(...cells.map((row) => row[c].length)));
  return cells
    .map((row) => {
      const line = row.map((cell, c) => (right[c] ? cell.padStart(widths[c]) : cell.padEnd(widths[c])));
      return (indent + line.join('  ')).trimEnd();
    })
    .join('\n');
}

function isNumber(cell: string | number): boolean {
  return typeof cell === 'number' || /^[-–]?$|^-?[\d.,]+( %| s| ms)?$|^undefined$/.test(cell);
}

export function plural(n: number, one: string, many = `${one}s`): string {
  return `${n.toLocaleString('en-US')} ${n === 1 ? one : many}`;
}

/** A path as one would type it from here. */
export function shown(path: string): string {
  const near = relative(process.cwd(), path);
  return near === '' || near.startsWith('..') ? path : near;
}

/** 8.3 s, 75 s, 4 min 10 s, 2 h 05 min. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 100) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(Math.round(seconds) / 60);
  if (minutes < 60) return `${minutes} min ${String(Math.round(seconds) % 60).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}
