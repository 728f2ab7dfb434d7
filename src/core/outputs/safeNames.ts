/** File names made of text that comes from data: labels, image names, names of runs. */

/** What file systems take at most. */
const MOST_BYTES = 255;
/** Names that Windows keeps for itself. */
const RESERVED = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;
const encoder = new TextEncoder();

/** At most `bytes` of UTF-8, cut between characters. */
function cut(text: string, bytes: number): string {
  let kept = '';
  let size = 0;
  for (const character of text) {
    size += encoder.encode(character).length;
    if (size > bytes) break;
    kept += character;
  }
  return kept;
}

/**
 * `text` as one part of a path, never empty: letters, digits, `_`, `-` and dots inside stay, all else becomes `-`.
 * Neither a folder above nor a hidden file can be named so. Different texts may become one name: see `FreeNames`.
 * @param most bytes of UTF-8
 */
export function safeName(text: string, most = MOST_BYTES): string {
  const plain = text
    .normalize('NFC')
    .replace(/[^\p{L}\p{M}\p{N}_.-]+/gu, '-')
    .replace(/\.{2,}/g, '.')
    .replace(/^[.-]+/, '');
  const whole = RESERVED.test(plain) ? `_${plain}` : plain;
  return cut(whole, most).replace(/[.-]+$/, '') || 'unnamed';
}

/** Two names that some file system takes for one. */
const sameKey = (name: string): string => name.normalize('NFC').toLowerCase();

/** Gives out names that differ from each other, and from those taken before, on every file system. */
export class FreeNames {
  private readonly taken: Set<string>;

  constructor(taken: Iterable<string> = []) {
    this.taken = new Set([...taken].map(sameKey));
  }

  /** `text` and `ending` as a safe name; with -2, -3, ... before the ending where that is taken. */
  take(text: string, ending = ''): string {
    // Room for the number.
    const stem = safeName(text, MOST_BYTES - encoder.encode(ending).length - 8);
    let name = `${stem}${ending}`;
    for (let n = 2; this.taken.has(sameKey(name)); n++) name = `${stem}-${n}${ending}`;
    this.taken.add(sameKey(name));
    return name;
  }
}
