/**
 * Where a command's words go. People read lines on stdout and progress on stderr; with --json, stdout
 * holds exactly one JSON document and everything else goes to stderr. Control characters in it are made visible.
 */
import type { Reporter } from '../../workflow/reporter.js';
import { optionsAsFlags } from './optionWords.js';
import { Progress } from './progress.js';
import { visible, visibleCell, visibleJson } from './visibleText.js';

export class Output implements Reporter {
  readonly json: boolean;
  /** Those of the command: how options are called to whoever typed it. */
  flags: readonly string[] = [];
  private progressNow: Progress | null = null;

  constructor({ json }: { json: boolean }) {
    this.json = json;
  }

  /** One line, or several. */
  say(text = ''): void {
    this.endProgress();
    (this.json ? process.stderr : process.stdout).write(`${visible(this.words(text))}\n`);
  }

  table(header: readonly string[], rows: readonly (readonly (string | number)[])[], indent?: string): void {
    this.say(textTable(header, rows, indent));
  }

  warn(text: string): void {
    this.note(`warning: ${text}`);
  }

  /** A line on stderr, whatever stdout holds. */
  note(text: string): void {
    this.endProgress();
    process.stderr.write(`${visible(this.words(text))}\n`);
  }

  private words(text: string): string {
    return optionsAsFlags(text, this.flags);
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
    this.document({ error: { code, message: this.words(message), exitCode } });
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
