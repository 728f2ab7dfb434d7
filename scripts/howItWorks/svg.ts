/** Drawing in SVG for the essays: light and dark, each with a ground of its own, so that text reads on any page. */

const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .small { font-size: 11px; } .mono { font-family: ui-monospace, monospace; } .middle { text-anchor: middle; }
  .end { text-anchor: end; } .soft { fill: #59636e; } .bold { font-weight: 600; }
  .ground { fill: #ffffff; } .line { stroke: #59636e; fill: none; } .thin { stroke: #d1d9e0; fill: none; }
  .a { fill: #9ec5fe; } .b { fill: #ffd699; } .c { fill: #a8dfb4; } .d { fill: #e3b8f0; } .e { fill: #ffb3b3; }
  .none { fill: #eaeef2; }
  .sa { stroke: #0550ae; } .sb { stroke: #953800; } .sc { stroke: #116329; } .sd { stroke: #8250df; }
  text.sa, text.sb, text.sc, text.sd { stroke: none; }
  text.sa { fill: #0550ae; } text.sb { fill: #953800; } text.sc { fill: #116329; } text.sd { fill: #8250df; }
  .curve { fill: none; stroke-width: 2.5; } .dashed { stroke-dasharray: 5 4; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .soft { fill: #9198a1; } .ground { fill: #0d1117; }
    .line { stroke: #9198a1; } .thin { stroke: #3d444d; }
    .a { fill: #1f4f8f; } .b { fill: #7d4e00; } .c { fill: #1d6b34; } .d { fill: #693a86; } .e { fill: #8e2f2f; }
    .none { fill: #262c36; }
    text.sa { fill: #58a6ff; } text.sb { fill: #ffa657; } text.sc { fill: #56d364; } text.sd { fill: #d2a8ff; }
    .sa { stroke: #58a6ff; } .sb { stroke: #ffa657; } .sc { stroke: #56d364; } .sd { stroke: #d2a8ff; }
  }`;

/** @param title what a screen reader says */
export function svg(width: number, height: number, title: string, parts: readonly string[]): string {
  const size = `viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>${STYLE}</style>`,
    rect(0, 0, width, height, 'ground'),
    ...parts,
    '</svg>\n',
  ].join('\n');
}

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
const at = (value: number) => String(Math.round(value * 10) / 10);

export const text = (x: number, y: number, words: string, kind = '') =>
  `<text x="${at(x)}" y="${at(y)}" class="${kind}">${escaped(words)}</text>`;

export const rect = (x: number, y: number, width: number, height: number, kind: string) =>
  `<rect x="${at(x)}" y="${at(y)}" width="${at(width)}" height="${at(height)}" class="${kind}"/>`;

export const line = (points: readonly (readonly [number, number])[], kind = 'line') =>
  `<polyline points="${points.map(([x, y]) => `${at(x)},${at(y)}`).join(' ')}" class="${kind}"/>`;

/** A matrix as boxes with numbers, [rows][columns]. */
export function matrix(
  x: number,
  y: number,
  values: readonly (readonly (number | string)[])[],
  kind: (row: number, column: number) => string,
  [w, h] = [44, 30],
): string {
  const cells = values.flatMap((row, r) =>
    row.flatMap((value, c) => [
      rect(x + c * w, y + r * h, w - 2, h - 2, kind(r, c)),
      text(x + c * w + w / 2 - 1, y + r * h + h / 2 + 4, String(value), 'middle mono'),
    ]),
  );
  return cells.join('\n');
}
