/** The command line for files that are passed around: without the places that it names, which may name patients. */

/** A flag as commander has it. */
export interface FlagWords {
  /** `--data` */
  long?: string;
  /** `--data <dir>` */
  flags: string;
}

/** What a flag's value is called where it is a place. */
const PLACE = /[<[](dir|file|run|path)[>\]]/;

/**
 * `train --data /x/smith --epochs 3` as `train --data DIR --epochs 3`.
 * @param words as typed
 * @param flags of the command
 */
export function withoutPlaces(words: readonly string[], flags: readonly FlagWords[]): string[] {
  const places = new Map<string, string>();
  for (const { long, flags: text } of flags) {
    const place = PLACE.exec(text);
    if (long && place) places.set(long, place[1].toUpperCase());
  }
  const shown: string[] = [];
  for (const [i, word] of words.entries()) {
    const [flag, ...value] = word.split('=');
    const before = i > 0 ? places.get(words[i - 1]) : undefined;
    const place = places.get(flag);
    if (before && !word.startsWith('--')) shown.push(before);
    else if (place && value.length > 0) shown.push(`${flag}=${place}`);
    else shown.push(word);
  }
  return shown;
}
