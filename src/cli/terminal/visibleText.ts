/**
 * Text as it may be shown in a terminal. Names of files and labels come from others: an escape sequence in one could
 * rewrite what stands on the screen, its title or its clipboard, and marks of writing direction show another name.
 */

/** C0 but tab and line feed, DEL, C1; zero-width and direction marks; separators of lines. */
const HIDDEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : jsonEscape(character);
}

function jsonEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Control characters as `\x1b`; line feeds and tabs, which are ours too, stay. */
export function visible(text: string): string {
  return text.replace(HIDDEN, escaped);
}

/** For a cell of a table, which has one line. */
export function visibleCell(text: string): string {
  return visible(text).replaceAll('\n', '\\n').replaceAll('\t', '\\t');
}

/** JSON of the same value without a control character in it. */
export function visibleJson(value: unknown): string {
  return JSON.stringify(value, null, 1).replace(HIDDEN, jsonEscape);
}
