/** Names that were perhaps meant. */

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
