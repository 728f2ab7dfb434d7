/** A station of a followed number, in the lines that the terminal and the page show. */
import { plural } from '../../core/formatting.js';
import { greatestProducts } from '../../densenet/trace/products.js';
import type { Explained } from '../../densenet/trace/terms.js';

/** Products that are written out. */
const MOST = 6;

/** Seven digits: what float32 holds. */
export function sevenDigits(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  return size < 1e-3 || size >= 1e6 ? value.toExponential(6) : value.toPrecision(7);
}

/** What goes into a number: `[what, value]`. */
export function partsOf(explained: Explained): [what: string, value: string][] {
  const { how, steps, terms, bias, a, b } = explained;
  if (how === 'steps') return steps.map(({ what, value }) => [what, sevenDigits(value)]);
  const { shown, others } = greatestProducts(explained, MOST);
  if (how === 'max') {
    const [{ a: values, outside }] = terms;
    const inside = values.filter((_, i) => !outside[i]);
    return [[`the largest of ${plural(inside.length, 'number')}`, inside.map(sevenDigits).join(', ')]];
  }
  const isPlain = b === '';
  const rows = shown.map((one): [string, string] => [
    one.where,
    isPlain
      ? sevenDigits(one.product)
      : `${sevenDigits(one.a)} * ${sevenDigits(one.b)} = ${sevenDigits(one.product)}`,
  ]);
  const heads: [string, string][] = isPlain ? [] : [['each product', `${a} * ${b}`]];
  if (others.count > 0) rows.push([`${others.count} more together`, sevenDigits(others.sum)]);
  if (bias !== undefined) rows.push(['bias', sevenDigits(bias)]);
  return [...heads, ...rows];
}

/** The two values and what is between them. */
export const valuesOf = ({ gpu, reference }: Pick<Explained, 'gpu' | 'reference'>) => ({
  gpu: sevenDigits(gpu),
  reference: sevenDigits(reference),
  difference: (gpu - reference).toExponential(1),
});

/** What a ReLU that is shut means for the way. */
export const shutWords = (shut: readonly string[]): string =>
  `Shut: ${shut.join(', ')}. There our number is cut to 0 and goes on no further; the way shows what is computed ` +
  'behind it all the same, of its neighbours.';
