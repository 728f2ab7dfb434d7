/** The innermost level: one number, and the products that make it, multiplied out. */

import { html, nothing, type TemplateResult } from 'lit';
import type { Explained, Step } from '../../../../src/densenet/trace/terms.js';
import { isEnd } from '../graph/graph.js';
import { parseWeight } from '../graph/weightNames.js';
import { exact, number } from '../parts/numbers.js';
import { fieldFigure } from './figures/fieldFigure.js';
import { termsView } from './figures/termsView.js';
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
  const { title, formula, how, steps, rest, bias } = found;
  return html`<section class="equation" aria-label="The number">
    <h2><code>${title}</code></h2>
    <p class="formula">${formula}</p>
    ${how === 'steps' ? stepTable(steps) : termsView(view, found)}
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
function resultView(found: Explained): TemplateResult {
  const { how, reference, gpu, kernel, beside } = found;
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
  ${beside ? html`<p class="quiet">The step never stores this map: it is computed where it is read.</p>` : nothing}
  ${madeBy(found)}`;
}

/** For who wants to read the kernel. */
function madeBy({ kernel, file, constants, dispatch, source }: Explained): TemplateResult {
  if (!kernel) return html``;
  const said = Object.entries(constants).map(([name, value]) => `${name} ${value}`);
  return html`<details class="made">
    <summary>Which kernel</summary>
    <p class="quiet">
      <code>${kernel}</code> of <code>${file}</code>${said.length > 0 ? html`, with ${said.join(', ')}` : nothing}.
      ${dispatch === null ? nothing : html`Dispatch ${dispatch + 1} of the step.`} The formula: ${source}.
    </p>
  </details>`;
}

function stepTable(steps: readonly Step[]): TemplateResult {
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

/** One weight before and after the step, with its gradient and what Adam made of it. */
function weightView(view: View): TemplateResult {
  const { place, values, opened } = view;
  const isThere = parseWeight(view.graph, place.weight) !== null;
  const found = opened && isThere ? values.weight(place.weight) : null;
  if (!found) {
    const computing = isThere
      ? `Computing ${place.weight} …`
      : `There is no weight ${place.weight} that learns.`;
    const words = opened ? computing : emptyWords(view);
    return html`<div class="pixel"><div>${weightField(view)}<p class="quiet">${words}</p></div></div>`;
  }
  const { title, adam, gradient } = found;
  return html`<div class="pixel">
    <section class="equation" aria-label="The weight and its step">
      <h2><code>${title}</code></h2>
      ${weightField(view)}
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

/** Another weight, by its name and indices. */
function weightField({ place, go }: View): TemplateResult {
  // Written when it changes and not whenever the level is drawn anew: somebody may be typing.
  const chosen = (event: Event) => go({ weight: (event.target as HTMLInputElement).value.trim() });
  return html`<label class="field weight"
    >Weight
    <input
      id="weight"
      type="text"
      spellcheck="false"
      autocomplete="off"
      .value=${place.weight}
      @change=${chosen}
      @keydown=${(event: Event) => event.stopPropagation()}
    />
  </label>`;
}
