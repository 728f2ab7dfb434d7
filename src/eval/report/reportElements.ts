/** Pieces that the report's sections share: tables, pictures, numbers in words. */
import { type Html, type HtmlValue, html, trusted } from './htmlTag.js';
import type { FindingBox } from './reportData.js';

/** What a section needs besides its data: finished figures and pictures, ready to be put in. */
export interface Assets {
  /** Figure by name with its caption below, or nothing where there is no such figure. */
  figure(name: string, caption: HtmlValue): Html | null;
}

export interface Section {
  id: string;
  title: string;
  body: Html;
}

export interface Column {
  title: string;
  /** Right-aligned, digits below digits. */
  numeric?: boolean;
}

export const findings = (labels: string[]) => (labels.length ? labels.join(', ') : 'no finding');

export function table(
  caption: HtmlValue,
  columns: Column[],
  rows: HtmlValue[][],
  foot: HtmlValue[] | null = null,
): Html {
  const kind = (i: number) => trusted(columns[i].numeric ? ' class="n"' : '');
  const line = (row: HtmlValue[]) =>
    html`<tr>${row.map((cell, i) =>
      i === 0 ? html`<th scope="row"${kind(i)}>${cell}</th>` : html`<td${kind(i)}>${cell}</td>`,
    )}</tr>`;
  return html`<div class="table"><table>${caption ? html`<caption>${caption}</caption>` : null}<thead><tr>${columns.map(
    (column, i) => html`<th scope="col"${kind(i)}>${column.title}</th>`,
  )}</tr></thead><tbody>${rows.map(line)}</tbody>${foot ? html`<tfoot>${line(foot)}</tfoot>` : null}</table></div>`;
}

export function picture(
  uri: string,
  alt: string,
  width: number,
  height: number,
  boxes: FindingBox[] = [],
): Html {
  const rect = (b: FindingBox, style: string) =>
    html`<rect class="box ${style}" x="${b.x}" y="${b.y}" width="${b.width}" height="${b.height}"/>`;
  const frames = boxes.length
    ? html`<svg viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" aria-hidden="true">${boxes.map(
        (b) => [rect(b, 'under'), rect(b, 'over')],
      )}</svg>`
    : null;
  return html`<div class="picture"><img src="${uri}" alt="${alt}" width="${width}" height="${height}">${frames}</div>`;
}
