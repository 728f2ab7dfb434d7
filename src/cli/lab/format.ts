/** The lab in words: the compiler's messages with their line, where a kernel is wrong, the table of a race. */
import { plural, whole } from '../../core/formatting.js';
import type { Element, TensorVerdict, Verdict } from '../../lab/checkUserKernel.js';
import type { CompilerMessage } from '../../lab/compilerMessages.js';
import type { Geometry } from '../../lab/geometry.js';
import type { LabOperation } from '../../lab/operations.js';
import type { Comparison, LabRaceRow } from '../../lab/raceUserKernel.js';
import { textTable } from '../terminal/output.js';

/** `my.wgsl:12:5: error: ...`, the line, and a caret below the place. */
export function compilerText(file: string, source: string, messages: readonly CompilerMessage[]): string {
  const lines = source.split(/\r?\n/);
  return messages
    .map(({ type, line, column, length, text }) => {
      if (line === 0) return `${file}: ${type}: ${text}`;
      const code = lines[line - 1] ?? '';
      // Tabs stay, so that the caret stands below its character whatever a tab's width.
      const margin = code.slice(0, column - 1).replace(/[^\t]/g, ' ');
      const carets = '^'.repeat(Math.max(1, Math.min(length, code.length - column + 1)));
      return `${file}:${line}:${column}: ${type}: ${text}\n  ${code}\n  ${margin}${carets}`;
    })
    .join('\n');
}

function number(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return String(value);
  return Number.isFinite(value) ? value.toPrecision(7) : String(value);
}

function times(ratio: number): string {
  if (!Number.isFinite(ratio)) return '-';
  return ratio < 1e5 ? ratio.toFixed(ratio < 10 ? 2 : 0) : ratio.toExponential(1);
}

function elementRow(tensor: string, { at, got, want, ratio }: Element): string[] {
  return [`${tensor}[${at.join(',')}]`, number(got), number(want), times(ratio)];
}

function tensorText({
  tensor,
  elements,
  off,
  notFinite,
  unwritten,
  worst,
  first,
  spilled,
}: TensorVerdict): string {
  const lines: string[] = [];
  if (off > 0) {
    const parts = [
      unwritten > 0 && `${whole(unwritten)} never written`,
      notFinite > 0 && `${whole(notFinite)} NaN or infinite`,
    ].filter((part) => part !== false);
    const among = parts.length > 0 ? ` (${parts.join(', ')})` : '';
    lines.push(`  ${whole(off)} of ${plural(elements, 'element')} of ${tensor} are off${among}`);
    const rest = first.some(({ index }) => index === worst.index) ? [] : [worst];
    lines.push(
      textTable(
        ['element [b,h,w,c]', 'got', 'wanted', 'error/allowed'],
        [...first, ...rest].map((element) => elementRow(tensor, element)),
        '    ',
      ),
    );
    if (rest.length > 0) lines.push('    (the first ones, and the worst)');
  }
  if (spilled) {
    lines.push(
      `  it wrote outside the channels of ${tensor}, first at [${spilled.join(',')}] of the buffer around it`,
    );
  }
  return lines.join('\n');
}

/** Why a case is wrong. */
export function wrongText(verdict: Verdict): string {
  const head = `WRONG on ${verdict.title}, ${verdict.shape}:`;
  if (verdict.error) return `${head}\n  ${verdict.error}`;
  return [head, ...verdict.tensors.map(tensorText).filter((text) => text !== '')].join('\n');
}

/** Worst error of right cases, as a share of what is allowed. */
export function worstOf(verdicts: readonly Verdict[]): number {
  return Math.max(0, ...verdicts.flatMap(({ tensors }) => tensors.map(({ worst }) => worst.ratio)));
}

/** `KERNEL=3 PIXELS=4`. */
export function constantsText(constants: Geometry['constants']): string {
  return (
    Object.entries(constants)
      .map(([name, value]) => `${name}=${value}`)
      .join(' ') || 'no constants'
  );
}

/** `32x4x1 workgroups, KERNEL=3 PIXELS=4`. */
export function geometryText({ workgroups, constants }: Geometry): string {
  return `${workgroups.join('x')} workgroups, ${constantsText(constants)}`;
}

/** A table, fastest first; the user's rows are marked. */
export function raceText(rows: readonly LabRaceRow[], network: string | null): string {
  const timed = rows.filter(({ wrong }) => !wrong).sort((a, b) => a.ms - b.ms);
  const shares = timed.some(({ ofPeak }) => ofPeak !== null);
  const mine = timed.find(({ own }) => own);
  const header = ['', 'kernel', 'ms', 'fastest', 'GFLOP/s', 'GB/s', ...(shares ? ['of peak'] : [])];
  if (mine) header.push('its time/yours');
  const cells = timed.map((row) => [
    row.own ? '>' : '',
    !row.own && row.name === network ? `${row.name} *` : row.name,
    row.ms.toFixed(3),
    Math.min(...row.samples).toFixed(3),
    row.gflops.toFixed(2),
    row.gbs.toFixed(2),
    ...(shares ? [row.ofPeak === null ? '-' : `${(100 * row.ofPeak).toFixed(1)} %`] : []),
    ...(mine ? [(row.ms / mine.ms).toFixed(2)] : []),
  ]);
  const lines = timed.length > 0 ? [textTable(header, cells, '  ')] : [];
  for (const { name, wrong } of rows) {
    if (wrong) lines.push(`${name} is ${wrongText(wrong)}`.replace(/^/gm, '  '));
  }
  return lines.join('\n');
}

/** What the race says about the user's kernel. */
export function comparisonText({ rival, speedup, low, high }: Comparison): string {
  const range = `in most rounds ${low.toFixed(2)} to ${high.toFixed(2)}`;
  const words = `${speedup.toFixed(2)} times as fast as ${rival}, the best built-in one (${range})`;
  if (low > 1) return `it wins: ${words}`;
  return high < 1 ? `it loses: ${words}` : `no clear difference: ${words}`;
}

/** One line per operation: its variants. */
export function listText(operations: readonly LabOperation[]): string {
  return textTable(
    ['operation', 'variants', 'shapes', 'races'],
    operations.map(({ name, kernels, cases }) => [
      name,
      kernels.map(({ variant }) => variant).join(' '),
      cases.length,
      cases.filter(({ race }) => race).length,
    ]),
  );
}
