/** The products behind a number, the greatest first, with a cut where there are many. */
import type { Explained } from './terms.js';

export interface Product {
  /** `channel 3 [10,11]` */
  readonly where: string;
  readonly a: number;
  readonly b: number;
  readonly product: number;
}

export interface Products {
  readonly shown: readonly Product[];
  /** Those that are not shown. */
  readonly others: { readonly count: number; readonly sum: number };
}

/** @param most so many are shown; those in the padding, which are 0, are neither shown nor counted */
export function greatestProducts({ terms, rest }: Pick<Explained, 'terms' | 'rest'>, most: number): Products {
  const all = terms.flatMap(({ title, rows, columns, top, left, a, b, outside, words }) =>
    a.flatMap((one, i): Product[] => {
      if (outside[i]) return [];
      const place = [top + Math.floor(i / columns), left + (i % columns)];
      const where = words?.[i] ?? (rows * columns === 1 ? title : `${title} [${place}]`);
      return [{ where, a: one, b: b[i], product: one * b[i] }];
    }),
  );
  const sorted = all.toSorted((p, q) => Math.abs(q.product) - Math.abs(p.product));
  const hidden = sorted.slice(most);
  // Groups that the explanation cut have the same window as those it has; in a column each row was one.
  const [group] = terms;
  const size = !group || group.words ? 1 : group.outside.filter((isOutside) => !isOutside).length;
  const sum = hidden.reduce((total, { product }) => total + product, 0) + rest.sum;
  return { shown: sorted.slice(0, most), others: { count: hidden.length + rest.groups * size, sum } };
}
