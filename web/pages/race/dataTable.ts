/** A table of the bench in a page: named, with rows that have names, to be scrolled by keyboard where it is wide. */
import { html, type TemplateResult } from 'lit';
import { numericColumns, type Table } from '../../../bench/document/tables.js';

export function dataTable(table: Table): TemplateResult {
  const { title, header, rows } = table;
  if (rows.length === 0) return html``;
  const side = numericColumns(table).map((isNumber) => (isNumber ? '' : 'words'));
  return html`<div class="scroll" role="region" tabindex="0" aria-label=${title}>
    <table>
      <caption>
        ${title}
      </caption>
      <thead>
        <tr>
          ${header.map((name, c) => (name ? html`<th scope="col" class=${side[c]}>${name}</th>` : html`<td></td>`))}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ([name, ...cells]) => html`<tr>
            <th scope="row">${name}</th>
            ${cells.map((cell, c) => html`<td class=${side[c + 1]}>${cell}</td>`)}
          </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
