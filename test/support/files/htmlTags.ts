/** The tags of a page that this project wrote, for tests: attributes in double quotes, every element closed. */

interface Tag {
  name: string;
  attributes: Record<string, string>;
}

const VOID = new Set(['meta', 'img', 'br', 'hr', 'input', 'link']);
const TAG = /<(\/?)([a-z][a-z0-9]*)((?:\s+[a-zA-Z:-]+(?:="[^"<]*")?)*)\s*(\/?)>/g;

/** Every tag that opens, and what is closed in another order than it was opened, or not at all. */
export function tagsOf(page: string): { tags: Tag[]; unclosed: string[] } {
  const body = page.replace(/<style>[^<]*<\/style>/g, '').replace(/^<!doctype html>/, '');
  const tags: Tag[] = [];
  const open: string[] = [];
  const unclosed: string[] = [];
  for (const [, closes, name, text, closed] of body.matchAll(TAG)) {
    if (closes) {
      if (open.pop() !== name) unclosed.push(`</${name}>`);
      continue;
    }
    const attributes = Object.fromEntries(
      [...text.matchAll(/([a-zA-Z:-]+)(?:="([^"]*)")?/g)].map(([, key, value = '']) => [key, value]),
    );
    tags.push({ name, attributes });
    if (!VOID.has(name) && !closed) open.push(name);
  }
  // What looks like a tag and is none.
  const strange = body.replace(TAG, '').match(/<.{0,40}/g) ?? [];
  return { tags, unclosed: [...unclosed, ...open, ...strange] };
}
