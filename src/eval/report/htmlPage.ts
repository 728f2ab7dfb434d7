/** The frame of every page that is written to a file: contents, numbered sections, nothing loaded from outside. */
import { type Html, html, trusted } from './htmlTag.js';

export interface PageSection {
  id: string;
  title: string;
  body: Html;
}

export interface PageParts {
  title: string;
  css: string;
  /** Above the sections. */
  header: Html;
  sections: readonly PageSection[];
  footer: Html;
}

/** A complete document. Its policy lets no script run and nothing load but pictures inside it. */
export function htmlPage({ title, css, header, sections, footer }: PageParts): string {
  const page = html`<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${trusted(css)}</style>
</head>
<body>
<div class="page">
<nav aria-label="Contents"><strong>Contents</strong><ol>${sections.map(
    (s, i) => html`<li><a href="#${s.id}"><span>${i + 1}</span>${s.title}</a></li>`,
  )}</ol></nav>
<main>
<p class="notice" role="note"><b>Not a medical device.</b> For learning and research only. Nothing here may be used to
diagnose or treat anyone.</p>
${header}
${sections.map(
  (s, i) => html`<section id="${s.id}"><h2><span class="number">${i + 1}</span>${s.title}</h2>
${s.body}</section>
`,
)}
<footer>${footer}</footer>
</main>
</div>
</body>
</html>
`;
  return `<!doctype html>\n${page}`;
}
