/** Names that were perhaps meant. */
import { requireObject, shown } from './arguments.js';
import { UsageError } from './errors.js';

/** Insertions, deletions and replacements that make one of the other (Levenshtein 1966). */
function editDistance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, j) => j);
  for (let i = 0; i < one.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < other.length; j++) {
      const replaced = row[j] + (one[i] === other[j] ? 0 : 1);
      next.push(Math.min(replaced, row[j + 1] + 1, next[j] + 1));
    }
    row = next;
  }
  return row[other.length];
}

/** The `most` names nearest to what was typed, nearest first; of two that are as near the earlier. */
export function nearNames(typed: string, names: readonly string[], most: number): string[] {
  const ranked = names.map((name) => ({ name, far: editDistance(typed.toLowerCase(), name.toLowerCase()) }));
  return ranked
    .sort((a, b) => a.far - b.far)
    .slice(0, most)
    .map(({ name }) => name);
}

/**
 * For options that may hold more than a call looks at, as what `loadWeights` gives holds for `DenseNet.create`.
 * @throws UsageError for a name that is so near one of `known` that hardly another can be meant, and unless `value` is
 *   an object
 */
export function refuseMisspelt(field: string, value: object, known: readonly string[]): void {
  requireObject(field, value);
  for (const [name, given] of Object.entries(value)) {
    if (given === undefined || known.includes(name)) continue;
    const plain = name.toLowerCase().replaceAll(/[_-]/g, '');
    const near = nearNames(plain, known, 1).at(0) ?? '';
    if (near.length < 3 || editDistance(plain, near.toLowerCase()) > (near.length < 6 ? 1 : 2)) continue;
    throw new UsageError(`${field} have no ${shown(name)}.`, `It is spelt ${near}.`);
  }
}
