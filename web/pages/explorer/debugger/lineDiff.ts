/** What differs between two texts, line by line: the longest common sequence of lines, by hand. */

export interface DiffLine {
  readonly kind: 'both' | 'left' | 'right';
  readonly text: string;
  /** Numbers of the line in either text, from 1; 0 where it is not in it. */
  readonly left: number;
  readonly right: number;
}

/** Lines of a neighbourhood without differences that are shown at its ends. */
const CONTEXT = 3;

export function lineDiff(left: string, right: string): DiffLine[] {
  const [a, b] = [left.trimEnd().split('\n'), right.trimEnd().split('\n')];
  // common[i][j]: lines that a from i on and b from j on have in common, in order.
  const common = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      common[i][j] = a[i] === b[j] ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
    }
  }
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push({ kind: 'both', text: a[i], left: ++i, right: ++j });
    } else if (j >= b.length || (i < a.length && common[i + 1][j] >= common[i][j + 1])) {
      lines.push({ kind: 'left', text: a[i], left: ++i, right: 0 });
    } else {
      lines.push({ kind: 'right', text: b[j], left: 0, right: ++j });
    }
  }
  return lines;
}

/** A row of two columns: what is in one place in both, or instead of each other. */
interface DiffRow {
  readonly left: DiffLine | null;
  readonly right: DiffLine | null;
}

/** Changed lines beside each other. */
export function sideBySide(lines: readonly DiffLine[]): DiffRow[] {
  const rows: DiffRow[] = [];
  let [gone, come]: [DiffLine[], DiffLine[]] = [[], []];
  const flush = () => {
    for (let i = 0; i < Math.max(gone.length, come.length); i++) {
      rows.push({ left: gone[i] ?? null, right: come[i] ?? null });
    }
    [gone, come] = [[], []];
  };
  for (const line of lines) {
    if (line.kind === 'left') gone.push(line);
    else if (line.kind === 'right') come.push(line);
    else {
      flush();
      rows.push({ left: line, right: line });
    }
  }
  flush();
  return rows;
}

/** Rows with differences and a few around them; a number stands for so many rows that are left out. */
export function folded(rows: readonly DiffRow[]): (DiffRow | number)[] {
  const isChanged = ({ left, right }: DiffRow) => left !== right;
  const near = rows.map((_, i) => rows.slice(Math.max(0, i - CONTEXT), i + CONTEXT + 1).some(isChanged));
  const shown: (DiffRow | number)[] = [];
  let hidden = 0;
  for (const [i, row] of rows.entries()) {
    if (!near[i]) hidden++;
    else {
      if (hidden > 0) shown.push(hidden);
      hidden = 0;
      shown.push(row);
    }
  }
  if (hidden > 0) shown.push(hidden);
  return shown;
}
