/** How a buffer is shown: which of its numbers make a picture, and how many pictures there are. */

/** Pictures beside each other. */
export const MOST_PICTURES = 24;

export interface BufferView {
  readonly kind: 'map' | 'kernel' | 'matrix' | 'vector';
  /** Of one picture. */
  readonly rows: number;
  readonly columns: number;
  /** Pictures beside each other, and what one is called. */
  readonly planes: number;
  readonly planeWord: string;
  /** Sets of such pictures, and what one is called. */
  readonly sets: number;
  readonly setWord: string;
}

/** Numbers in a row of what has no shape of its own, and rows of a page. */
const WIDE = 32;
const PAGE_ROWS = 32;
/** A matrix of more columns is shown as one long row. */
const MOST_COLUMNS = 256;

/** @param label as the plan calls the buffer: `conv1/conv/kernel weights` is [u,v,ci,co], all else [b,h,w,c] */
export function viewOf(label: string, shape: readonly number[]): BufferView {
  const [b, h, w, c] = shape;
  if (label.includes('/kernel ') && b * h > 1) {
    return {
      ...{ kind: 'kernel', rows: b, columns: h },
      ...{ planes: c, planeWord: 'output', sets: w, setWord: 'input channel' },
    };
  }
  if (h > 1 && w > 1) return map(shape);
  const rows = b * h * w;
  const one = { planes: 1, planeWord: 'picture', setWord: 'page' };
  if (rows > 1 && c > 1 && c <= MOST_COLUMNS) {
    const shown = Math.min(rows, 2 * PAGE_ROWS);
    return { kind: 'matrix', rows: shown, columns: c, sets: Math.ceil(rows / shown), ...one };
  }
  const count = rows * c;
  const columns = Math.min(count, WIDE);
  const shown = Math.min(Math.ceil(count / columns), PAGE_ROWS);
  return { kind: 'vector', rows: shown, columns, sets: Math.ceil(count / (columns * shown)), ...one };
}

function map([b, h, w, c]: readonly number[]): BufferView {
  return {
    ...{ kind: 'map', rows: h, columns: w },
    ...{ planes: c, planeWord: 'channel', sets: b, setWord: 'image' },
  };
}

/** Place of a number in the buffer, in C order; beyond its end where a page is not full. */
export function indexOf(
  { kind, rows, columns, planes, sets }: BufferView,
  { set, plane, row, column }: { set: number; plane: number; row: number; column: number },
): number {
  if (kind === 'kernel') return ((row * columns + column) * sets + set) * planes + plane;
  if (kind === 'map') return ((set * rows + row) * columns + column) * planes + plane;
  return (set * rows + row) * columns + column;
}

/** As the plan would name the number: `[0,3,4,7]`. */
export function nameOf(shape: readonly number[], index: number): string {
  const parts: number[] = [];
  let rest = index;
  for (const size of shape.toReversed()) {
    parts.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return `[${parts.join(',')}]`;
}

/** Pictures [from, from + count) of a set, one behind the other: pictures[row,column,plane]. */
export function picturesOf(
  view: BufferView,
  values: Float32Array,
  set: number,
  from: number,
  count: number,
): Float32Array<ArrayBuffer> {
  const { rows, columns } = view;
  const pictures = new Float32Array(rows * columns * count);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      for (let i = 0; i < count; i++) {
        const index = indexOf(view, { set, plane: from + i, row, column });
        pictures[(row * columns + column) * count + i] = index < values.length ? values[index] : 0;
      }
    }
  }
  return pictures;
}
