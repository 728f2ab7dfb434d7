/** The four levels, from the network to the number that the cursor is on: each can be gone to. */
import { html, type TemplateResult } from 'lit';
import { number } from '../parts/numbers.js';
import { LEVELS } from '../place.js';
import type { View } from './view.js';

export function trail(view: View): TemplateResult {
  const { graph, place, opened, values } = view;
  const { layer, channel, y, x, direction } = place;
  const found =
    opened && direction !== 'update' ? values.explained({ direction, name: layer, channel, y, x }) : null;
  const words = {
    network: graph.config.name,
    block: graph.sectionOf(layer).title,
    channel: `${layer}, ${channel}`,
    pixel: direction === 'update' ? place.weight : `(${y}, ${x})${found ? ` = ${number(found.gpu, 3)}` : ''}`,
  };
  const titles = {
    network: 'Network',
    block: 'Block',
    channel: 'Channel',
    pixel: direction === 'update' ? 'Weight' : 'Pixel',
  };
  return html`<nav class="trail" aria-label="Levels">
    <ol>
      ${LEVELS.map(
        (level) => html`<li>
          <button
            type="button"
            aria-current=${level === place.level ? 'step' : 'false'}
            @click=${() => view.go({ level })}
          >
            <small>${titles[level]}</small><span>${words[level]}</span>
          </button>
        </li>`,
      )}
    </ol>
  </nav>`;
}
