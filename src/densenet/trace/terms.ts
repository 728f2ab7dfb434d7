/** How one number came about, in numbers that were read from the GPU. */
import type { MapKind } from '../../training/inspection/formulas.js';
import type { InspectedMap } from '../../training/inspection/inspect.js';
import type { Graph } from './graph.js';
import type { RunValues } from './stepValues.js';

/** Terms that stand in a grid: a patch of a map, multiplied by a patch of something else. */
export interface Terms {
  /** `channel 3` */
  readonly title: string;
  readonly rows: number;
  readonly columns: number;
  /** Row of the map at the grid's first row, column likewise; where there is such a map. */
  readonly top: number;
  readonly left: number;
  readonly a: readonly number[];
  readonly b: readonly number[];
  /** Lies in the padding: 0 because there is nothing. */
  readonly outside: readonly boolean[];
  /** Of all products. */
  readonly sum: number;
  /** What the rows of a column are. */
  readonly words?: readonly string[];
}

/** One line of a calculation: `x - mean`, and what it gives. */
export interface Step {
  readonly what: string;
  readonly value: number;
}

export interface Explained {
  /** `conv1/conv[0,5,6,5]` */
  readonly title: string;
  readonly kind: MapKind;
  readonly formula: string;
  readonly source: string;
  /** What `a` and `b` are. */
  readonly a: string;
  readonly b: string;
  /** How the terms come together. */
  readonly how: 'sum' | 'max' | 'steps';
  readonly terms: readonly Terms[];
  /** What is added up beside `terms`: how many more groups, and their sum. */
  readonly rest: { readonly groups: number; readonly sum: number };
  readonly steps: readonly Step[];
  /** Added to the products. */
  readonly bias?: number;
  /** The terms or steps in float64. */
  readonly reference: number;
  /** What the GPU computed, in float32. */
  readonly gpu: number;
  /** Who wrote it; null where nothing was computed. */
  readonly kernel: string | null;
  readonly file: string | null;
  readonly constants: Readonly<Record<string, number>>;
  readonly beside: boolean;
  readonly dispatch: number | null;
}

/** What an explanation is made of. */
export interface Asked {
  readonly graph: Graph;
  readonly run: RunValues;
  readonly name: string;
  readonly channel: number;
  readonly y: number;
  readonly x: number;
}

/** So many groups are shown; the others as their sum. */
const MOST_GROUPS = 12;

/** value[0,y,x,c] of a map of one image. */
export function at(map: Pick<InspectedMap, 'shape' | 'values'>, y: number, x: number, c: number): number {
  const [, , width, channels] = map.shape;
  return map.values[(y * width + x) * channels + c];
}

/** The parts of an explanation that the GPU's map says. */
export function said(map: InspectedMap, { y, x, channel }: Pick<Asked, 'y' | 'x' | 'channel'>) {
  const { name, kind, formula, source, kernel, file, constants, beside, dispatch } = map;
  return {
    title: `${name}[0,${y},${x},${channel}]`,
    kind,
    formula,
    source,
    gpu: at(map, y, x, channel),
    kernel,
    file,
    constants,
    beside,
    dispatch,
  };
}

export function grid(
  title: string,
  rows: number,
  columns: number,
  { top, left }: { top: number; left: number },
  fill: (row: number, column: number) => readonly [a: number, b: number, outside?: boolean],
): Terms {
  const [a, b, outside]: [number[], number[], boolean[]] = [[], [], []];
  let sum = 0;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const [one, other, isOutside = false] = fill(row, column);
      a.push(one);
      b.push(other);
      outside.push(isOutside);
      sum += one * other;
    }
  }
  return { title, rows, columns, top, left, a, b, outside, sum };
}

/** Products added up; of many groups those that say most. */
export function summed(terms: readonly Terms[], shown = MOST_GROUPS) {
  const reference = terms.reduce((sum, one) => sum + one.sum, 0);
  const loudest = [...terms].sort((p, q) => Math.abs(q.sum) - Math.abs(p.sum)).slice(0, shown);
  const kept = terms.filter((one) => loudest.includes(one));
  const rest = terms.filter((one) => !loudest.includes(one));
  return {
    how: 'sum' as const,
    terms: kept,
    rest: { groups: rest.length, sum: rest.reduce((sum, one) => sum + one.sum, 0) },
    steps: [],
    reference,
  };
}

/** Of windows of one pixel: a column, in which each row is a channel. */
export function summedColumn(terms: readonly Terms[]) {
  const all = summed(terms, terms.length <= 64 ? terms.length : 24);
  const column = grid('channels', all.terms.length, 1, { top: 0, left: 0 }, (i) => [
    all.terms[i].a[0],
    all.terms[i].b[0],
  ]);
  return { ...all, terms: [{ ...column, words: all.terms.map(({ title }) => title) }] };
}

export function stepwise(steps: readonly Step[]) {
  return {
    how: 'steps' as const,
    a: '',
    b: '',
    terms: [],
    rest: { groups: 0, sum: 0 },
    steps,
    reference: steps[steps.length - 1].value,
  };
}
