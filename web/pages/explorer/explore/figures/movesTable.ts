/** How far the step moves the weights: which layer learns most from this picture. */
import { html, type TemplateResult } from 'lit';
import { toLayer } from '../../graph/cursor.js';
import { number } from '../../parts/numbers.js';
import type { View } from '../view.js';

/** Rows at most: those that move most for their size. */
const MOST = 12;

export function movesTable(view: View): TemplateResult {
  const { graph, values, opened, place } = view;
  const moves = opened && values.moves();
  if (!moves) return html`<p class="quiet">The step is being taken …</p>`;
  const share = ({ step, weights }: { step: number; weights: number }) => step / (weights || 1);
  const loudest = [...moves].sort((a, b) => share(b) - share(a)).slice(0, MOST);
  const shown = moves.filter((one) => loudest.includes(one));
  const most = Math.max(...shown.map(share));
  return html`<div class="moves" role="region" tabindex="0" aria-label="How far the weights move">
    <table>
      <caption>
        How far the step moves the weights, as root mean
        squares${moves.length > shown.length ? `; the ${shown.length} of ${moves.length} layers that move most` : ''}
      </caption>
      <thead>
        <tr>
          <th scope="col">layer</th>
          <th scope="col">weights</th>
          <th scope="col">size</th>
          <th scope="col">step</th>
          <th scope="col">step / size</th>
        </tr>
      </thead>
      <tbody>
        ${shown.map(
          (one) => html`<tr>
            <th scope="row">
              <button type="button" class="plain" @click=${() => view.go(toLayer(graph, place, one.layer))}>
                ${one.layer}
              </button>
            </th>
            <td>${one.count}</td>
            <td>${number(one.weights, 3)}</td>
            <td>${number(one.step, 3)}</td>
            <td class="share">
              <i .style=${`width: ${Math.round((100 * share(one)) / most)}%`}></i>${number(share(one), 3)}
            </td>
          </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
