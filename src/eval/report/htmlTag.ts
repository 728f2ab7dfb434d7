/** HTML written so that forgetting to escape is not possible: text is escaped, markup has a type of its own. */

/** Markup that is known to be safe. Made by the `html` tag, or by `trusted` from markup made elsewhere. */
export class Html {
  constructor(readonly markup: string) {}
  toString(): string {
    return this.markup;
  }
}

export type HtmlValue = string | number | Html | null | readonly HtmlValue[];

/** Text made safe for HTML and XML, as content and inside double-quoted attributes. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

function markupOf(value: HtmlValue): string {
  if (value === null) return '';
  if (value instanceof Html) return value.markup;
  if (typeof value === 'string' || typeof value === 'number') return escapeHtml(String(value));
  return value.map(markupOf).join('');
}

/** Tag for templates: every `${value}` is escaped unless it is Html; arrays are joined, null is nothing. */
export function html(parts: TemplateStringsArray, ...values: HtmlValue[]): Html {
  return new Html(parts.reduce((text, part, i) => text + markupOf(values[i - 1]) + part));
}

/** Markup from a source that escapes by itself (our figures, our style sheet). */
export function trusted(markup: string): Html {
  return new Html(markup);
}
