/** The factors and products of a number, each of them where there are few, those that say most where there are many. */

import { html, nothing, type TemplateResult } from 'lit';
import type { Explained, Terms } from '../../../../../src/densenet/trace/terms.js';
import { exact, number, short, unitOf } from '../../parts/numbers.js';
import type { View } from '../view.js';

/** Powers of ten that the numbers of grids are shown in: the same in all of them. */
interface Units {
  readonly a: number;
  readonly b: number;
  readonly product: number;
}

const largest = (values: readonly number[]) => Math.max(0, ...values.map(Math.abs));
const productsOf = ({ a, b }: Terms) => a.map((one, i) => one * b[i]);

export function termsView(view: View, found: Explained): TemplateResult {
  const { terms, a, b } = found;
  const [first] = terms;
  if (!first) return html``;
  if (first.columns === 1) return html`${terms.map((group) => columnView(group, a, b))}`;
  const unit = (of: (group: Terms) => readonly number[]) => unitOf(largest(terms.flatMap(of)));
  const units = { a: unit((group) => group.a), b: unit((group) => group.b), product: unit(productsOf) };
  const { top, left, rows, columns } = first;
  const inUnit = (power: number) => (power === 0 ? '' : ` in units of ${number(10 ** power, 1)}`);
  const isSum = found.how === 'sum' && b !== '';
  return html`<p class="key">
      ${a}, rows ${top} to ${top + rows - 1}, columns ${left} to ${left + columns - 1}${inUnit(units.a)}${
        isSum ? html` × ${b}${inUnit(units.b)} = products${inUnit(units.product)}` : nothing
      }
    </p>
    <div class="groups">${terms.map((group) => groupView(view, found, group, units))}</div>`;
}

/** A grid of factors, one of what they are multiplied by, one of products. */
function groupView(view: View, { a, b, how, terms }: Explained, group: Terms, units: Units): TemplateResult {
  const { columns, title, sum } = group;
  const cell = columns > 6 || terms.length > 1 || view.width < 480 ? 'small' : '';
  const isSum = how === 'sum' && b !== '';
  return html`<div class="terms">
    <h3>${title}${isSum ? html` <span>together ${number(sum)}</span>` : nothing}</h3>
    <div class="grids ${cell}">
      ${gridView(group, group.a, a, units.a)}
      ${
        isSum
          ? html`<span class="sign">×</span> ${gridView(group, group.b, b, units.b)}
              <span class="sign">=</span> ${gridView(group, productsOf(group), 'products', units.product)}`
          : nothing
      }
    </div>
  </div>`;
}

function gridView(
  { rows, columns, outside }: Terms,
  values: readonly number[],
  title: string,
  unit: number,
): TemplateResult {
  const most = largest(values) || 1;
  const cell = (i: number) => {
    const strength = Math.round(55 * (Math.abs(values[i]) / most));
    const colour = values[i] < 0 ? 'var(--minus)' : 'var(--plus)';
    return html`<td
      class=${outside[i] ? 'outside' : ''}
      title=${outside[i] ? 'padding' : exact(values[i])}
      .style=${`background: color-mix(in srgb, ${colour} ${strength}%, transparent)`}
    >
      ${short(values[i], unit)}
    </td>`;
  };
  const row = (first: number) => Array.from({ length: columns }, (_, column) => cell(first + column));
  return html`<table class="grid" aria-label=${title}>
    <tbody>
      ${Array.from({ length: rows }, (_, i) => html`<tr>${row(i * columns)}</tr>`)}
    </tbody>
  </table>`;
}

/** One product a row, with what is added up so far. */
function columnView(
  { rows, a: first, b: second, title, words }: Terms,
  a: string,
  b: string,
): TemplateResult {
  let running = 0;
  return html`<div class="scroll" role="region" tabindex="0" aria-label=${title}>
    <table class="products">
      <thead>
        <tr>
          <td></td>
          <th scope="col">${a}</th>
          ${b ? html`<th scope="col">${b}</th><th scope="col">product</th>` : nothing}
          <th scope="col">so far</th>
        </tr>
      </thead>
      <tbody>
        ${Array.from({ length: rows }, (_, i) => {
          const product = first[i] * second[i];
          running += product;
          return html`<tr>
            <th scope="row">${words?.[i] ?? i}</th>
            <td>${number(first[i])}</td>
            ${b ? html`<td>${number(second[i])}</td><td>${number(product)}</td>` : nothing}
            <td class="sofar">${number(running)}</td>
          </tr>`;
        })}
      </tbody>
    </table>
  </div>`;
}
