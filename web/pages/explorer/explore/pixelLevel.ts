/** The innermost level: one number, and the products that make it, multiplied out. */
import { html, nothing, type TemplateResult } from 'lit';
import { isEnd } from '../graph/graph.js';
import type { Explained, Step, Terms } from '../inWorker/explain/terms.js';
import { exact, number, short, unitOf } from '../parts/numbers.js';
import { fieldFigure } from './figures/fieldFigure.js';
import type { View } from './view.js';

export function pixelLevel(view: View): TemplateResult {
  const { place, values, opened } = view;
  if (place.direction === 'update') return weightView(view);
  const { layer: name, channel, y, x, direction } = place;
  const found = opened && values.explained({ direction, name, channel, y, x });
  if (!found) return html`<div class="pixel"><p class="quiet">${emptyWords(view)}</p></div>`;
  return html`<div class="pixel">${explanation(view, found)} ${fieldFigure(view, 168)}</div>`;
}

function emptyWords({ place, opened }: View): string {
  if (!opened) return 'Values come as soon as they are computed.';
  if (place.direction === 'backward' && isEnd(place.layer)) {
    return 'The way back begins at the logits: go one layer back, to the dense layer.';
  }
  return 'Computing …';
}

/** The number, its parts, and the plain sum beside what the GPU has. */
export function explanation(view: View, found: Explained): TemplateResult {
  const { title, formula, how, terms, steps, rest, bias } = found;
  return html`<section class="equation" aria-label="The number">
    <h2><code>${title}</code></h2>
    <p class="formula">${formula}</p>
    ${how === 'steps' ? stepTable(steps) : terms.map((group) => termsView(view, found, group))}
    ${
      rest.groups > 0
        ? html`<p class="rest">and ${rest.groups} more channels, which add up to <b>${number(rest.sum)}</b></p>`
        : nothing
    }
    ${bias === undefined ? nothing : html`<p class="rest">plus the bias <b>${number(bias)}</b></p>`}
    ${resultView(found)}
  </section>`;
}

/** Both are shown, with how far they lie apart. */
export function resultView({ how, reference, gpu, kernel, beside }: Explained): TemplateResult {
  return html`<dl class="result" data-focus>
    <div>
      <dt>${how === 'max' ? 'largest' : how === 'sum' ? 'added up plainly' : 'computed plainly'}, 64 bits</dt>
      <dd class="plain-sum">${exact(reference)}</dd>
    </div>
    <div>
      <dt>the GPU's, 32 bits${kernel ? html`, by <code>${kernel}</code>` : nothing}</dt>
      <dd class="gpu">${exact(gpu)}</dd>
    </div>
    <div>
      <dt>apart</dt>
      <dd>${number(Math.abs(reference - gpu), 2)}</dd>
    </div>
  </dl>
  ${beside ? html`<p class="quiet">The step never stores this map: it is computed where it is read.</p>` : nothing}`;
}

export function stepTable(steps: readonly Step[]): TemplateResult {
  return html`<table class="lines">
    <tbody>
      ${steps.map(
        ({ what, value }) => html`<tr>
          <th scope="row">${what}</th>
          <td>${number(value, 6)}</td>
        </tr>`,
      )}
    </tbody>
  </table>`;
}

/** A group: where it is small, each number; a grid of factors, one of weights, one of products. */
function termsView(view: View, { a, b, how }: Explained, group: Terms): TemplateResult {
  const { rows, columns, title, sum } = group;
  if (columns === 1 && rows > 0) return columnView(group, a, b);
  const products = group.a.map((one, i) => one * group.b[i]);
  const large = rows * columns > 9;
  const cell = columns > 6 || view.width < 480 ? 'small' : '';
  return html`<div class="terms ${large ? 'large' : ''}">
    <h3>${title}</h3>
    <div class="grids ${cell}">
      ${gridView(group, group.a, a, true)}
      ${
        how === 'max' || b === ''
          ? nothing
          : html`<span class="sign">×</span> ${gridView(group, group.b, b)} <span class="sign">=</span>
              ${gridView(group, products, how === 'sum' ? `products, together ${number(sum)}` : 'products')}`
      }
    </div>
  </div>`;
}

/** Strength of a cell's ground, from -1 to 1. */
function gridView(
  { rows, columns, outside, top, left }: Terms,
  values: readonly number[],
  title: string,
  isMap = false,
): TemplateResult {
  const largest = Math.max(...values.map(Math.abs));
  const most = largest || 1;
  const unit = unitOf(largest);
  return html`<table class="grid">
    <caption>
      ${title}${unit === 0 ? nothing : `, in ${number(10 ** unit, 1)}`}
      ${isMap ? html`<span>rows ${top} to ${top + rows - 1}, columns ${left} to ${left + columns - 1}</span>` : nothing}
    </caption>
    <tbody>
      ${Array.from(
        { length: rows },
        (_, row) => html`<tr>
          ${Array.from({ length: columns }, (_, column) => {
            const i = row * columns + column;
            const strength = Math.round(55 * Math.min(1, Math.abs(values[i]) / most));
            const colour = values[i] < 0 ? 'var(--minus)' : 'var(--plus)';
            return html`<td
              class=${outside[i] ? 'outside' : ''}
              title=${outside[i] ? 'padding' : exact(values[i])}
              .style=${`background: color-mix(in srgb, ${colour} ${strength}%, transparent)`}
            >
              ${short(values[i], unit)}
            </td>`;
          })}
        </tr>`,
      )}
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

/** One weight before and after the step, with its gradient and what Adam made of it. */
function weightView(view: View): TemplateResult {
  const { place, values, opened } = view;
  const found = opened && values.weight(place.weight);
  if (!found) {
    const words = opened ? `Computing ${place.weight} …` : emptyWords(view);
    return html`<div class="pixel"><p class="quiet">${words}</p></div>`;
  }
  const { title, adam, gradient } = found;
  return html`<div class="pixel">
    <section class="equation" aria-label="The weight and its step">
      <h2><code>${title}</code></h2>
      <dl class="result before" data-focus>
        <div>
          <dt>before the step</dt>
          <dd class="weight-before">${exact(adam.before)}</dd>
        </div>
        <div>
          <dt>after it</dt>
          <dd class="weight-after">${exact(adam.after)}</dd>
        </div>
        <div>
          <dt>moved by</dt>
          <dd>${number(adam.after - adam.before)}</dd>
        </div>
      </dl>
      <h3>What Adam did</h3>
      ${stepTable(adam.steps)}
      <dl class="result">
        <div>
          <dt>the GPU's m</dt>
          <dd>${exact(adam.m)}</dd>
        </div>
        <div>
          <dt>the GPU's v</dt>
          <dd>${exact(adam.v)}</dd>
        </div>
      </dl>
      <p class="quiet">
        In the first step m / sqrt(v) is nearly the sign of the gradient: every weight moves by nearly the learning
        rate, however small its gradient.
      </p>
    </section>
    ${explanation(view, gradient)}
  </div>`;
}
