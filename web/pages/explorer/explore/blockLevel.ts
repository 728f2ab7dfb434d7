/** The second level: a dense block as a stack that grows, or the layers of another section one behind the other. */
import type { Layer } from 'chexgpu';
import { html, nothing, type TemplateResult } from 'lit';
import { toLayer } from '../graph/cursor.js';
import { KIND_WORDS, type Section } from '../graph/graph.js';
import { GAP } from '../parts/sheet.js';
import { arrivals } from './figures/arrivals.js';
import { kernelSheets } from './figures/kernelSheets.js';
import { denseLayerOf, stack } from './figures/stack.js';
import { shownMap, type View } from './view.js';

export function blockLevel(view: View): TemplateResult {
  const { graph, place } = view;
  const section = graph.sectionOf(place.layer);
  return html`<div class="block">
    ${section.isBlock ? stack(view, section) : nothing}
    ${section.isBlock && place.direction === 'backward' ? arrivals(view) : nothing}
    ${chain(view, section)}
  </div>`;
}

/** Layers one behind the other, each with its channels as tiles. */
function chain(view: View, section: Section): TemplateResult {
  const layers = section.isBlock ? denseLayerOf(view, section) : section.layers;
  const number = section.isBlock ? section.denseLayers.indexOf(layers) + 1 : 0;
  const isBack = view.place.direction === 'backward';
  return html`<section class="chain" aria-label="Layers">
    <h2>
      ${section.isBlock ? `Layer ${number}` : section.title},
      ${isBack ? 'read from right to left on the way back' : 'from left to right'}
    </h2>
    <ol class=${isBack ? 'back' : ''}>
      ${layers.map((layer) => html`<li>${layerCard(view, layer, cardWidth(view.width, layers.length))}</li>`)}
    </ol>
  </section>`;
}

const MOST_TILES = 64;
const CARD = { least: 134, most: 190, gap: 12 };

/** All in one row where there is room. */
function cardWidth(width: number, layers: number): number {
  const fits = Math.floor((width - CARD.gap * (layers - 1)) / layers);
  if (fits >= CARD.least) return Math.min(CARD.most, fits);
  const inRow = Math.max(1, Math.floor((width + CARD.gap) / (CARD.least + CARD.gap)));
  return Math.floor((width - CARD.gap * (inRow - 1)) / inRow);
}

function layerCard(view: View, layer: Layer, width: number): TemplateResult {
  const { graph, place } = view;
  const { height, width: across, channels } = graph.shape(layer.name);
  const isHere = place.layer === layer.name;
  const shown = Math.min(channels, MOST_TILES);
  const columns = Math.max(1, Math.ceil(Math.sqrt(shown)));
  const tile = Math.max(8, Math.floor((width - 18) / columns) - GAP);
  const from = isHere ? Math.min(channels - shown, Math.floor(place.channel / shown) * shown) : 0;
  const isUpdate = place.direction === 'update';
  const choose = (channel: number) => view.go({ ...toLayer(graph, place, layer.name), channel });
  return html`<figure
    class="layer ${isHere ? 'here' : ''}"
    .style=${`width: ${width}px`}
    ?data-focus=${isHere}
  >
    <button
      type="button"
      class="plain name"
      aria-pressed=${isHere ? 'true' : 'false'}
      @click=${() => choose(place.channel)}
    >
      <b>${KIND_WORDS[layer.kind]}</b><span>${layer.name}</span>
    </button>
    ${
      isUpdate
        ? kernelSheets(view, layer.name, Math.min(place.channel, channels - 1), 56)
        : html`<chexgpu-sheet
            .data=${shownMap(view, layer.name)}
            .side=${[height, across]}
            .from=${from}
            .to=${from + shown}
            .columns=${columns}
            .tile=${tile}
            .selected=${isHere ? place.channel : -1}
            .cursor=${isHere ? [place.y, place.x] : null}
            pickable
            label=${`${channels} channels of ${layer.name}`}
            @pick=${({ detail }: CustomEvent) => view.go({ layer: layer.name, ...detail })}
            @dblclick=${() => view.enter({ layer: layer.name })}
          ></chexgpu-sheet>`
    }
    <figcaption>
      ${height} × ${across} × ${channels}${shown < channels ? `, ${from} to ${from + shown - 1} shown` : ''}
    </figcaption>
  </figure>`;
}
