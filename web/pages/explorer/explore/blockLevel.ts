/** The second level: a dense block as a stack that grows, or the layers of another section one behind the other. */
import { byteSize, type Layer } from 'chexgpu';
import { html, nothing, svg, type TemplateResult } from 'lit';
import { toLayer } from '../graph/cursor.js';
import { KIND_WORDS, type Section } from '../graph/graph.js';
import { writerColour } from '../graph/networkMap.js';
import { at } from '../inWorker/explain/terms.js';
import { number } from '../parts/numbers.js';
import { kernelSheets } from './kernelSheets.js';
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

/** The dense layer of the block that the cursor is in: of a channel of the buffer, who wrote it. */
function denseLayerOf({ graph, place }: View, section: Section): readonly Layer[] {
  const { name } = graph.written(place.layer, place.channel);
  return (
    section.denseLayers.find((dense) => dense.some((layer) => layer.name === name)) ?? section.denseLayers[0]
  );
}

const ROW = 26;

/** One buffer, row by row: what a layer reads of it, and the channels that it appends. */
function stack(view: View, section: Section): TemplateResult {
  const { graph, width, place } = view;
  const rows = section.denseLayers.map((dense) => {
    const last = dense[dense.length - 1];
    const concat = graph.readers(last.name).find(({ kind }) => kind === 'concat') as Layer;
    return { dense, last, concat, slices: graph.slices(concat.name) };
  });
  const { concat } = rows[rows.length - 1];
  const names = width < 560 ? 52 : 150;
  const scale = (width - names - 8) / concat.cout;
  const here = denseLayerOf(view, section);
  const written = graph.written(place.layer, place.channel);
  const slice = graph.slices(concat.name).find(({ writer }) => writer.name === written.name);
  const row = rows.length > 14 ? 17 : ROW;
  const height = rows.length * row + 40;
  const readers = slice ? rows.filter(({ last }) => slice.to <= graph.offsetInBuffer(last.name)) : [];
  const { height: h, width: w } = graph.shape(concat.name);
  return html`<section class="stack" aria-label="The block's buffer">
    <h3>One buffer, [1, ${h}, ${w}, ${concat.cout}], which grows</h3>
    <div class="rows" .style=${`height: ${height}px`}>
      <svg width=${width} height=${height} aria-hidden="true">
        ${rows.map(({ dense, last, slices }, i) => {
          const y = i * row;
          return svg`<g class=${dense === here ? 'here' : ''}>
            <text x="4" y=${y + row / 2 + 4}>${names < 100 ? `${i + 1}` : `layer ${i + 1}: ${slices[slices.length - 1].from} to ${slices[slices.length - 1].to}`}</text>
            ${slices.map(({ writer, from, to }) => {
              const isNew = writer === last;
              const isLit = slice?.writer === writer;
              return svg`<rect x=${names + from * scale} y=${y + 3} width=${Math.max(1, (to - from) * scale - 1)}
                height=${row - 6} rx="2" fill=${writerColour(graph, writer.name)} opacity=${isNew ? 1 : isLit ? 0.75 : 0.28} />`;
            })}
          </g>`;
        })}
        ${
          slice
            ? svg`<rect class="ring" x=${names + slice.from * scale - 1.5} y="0" rx="3" fill="none"
              width=${(slice.to - slice.from) * scale + 2} height=${rows.length * row} />`
            : nothing
        }
        <text x=${names} y=${rows.length * row + 18}>channel 0</text>
        <text x=${width - 6} y=${rows.length * row + 18} text-anchor="end">${concat.cout - 1}</text>
      </svg>
      ${rows.map(
        ({ dense, last }, i) =>
          html`<button
            type="button"
            class="over ${dense === here ? 'here' : ''}"
            ?data-focus=${dense === here}
            aria-pressed=${dense === here ? 'true' : 'false'}
            aria-label=${`Layer ${i + 1} reads channels 0 to ${graph.offsetInBuffer(last.name) - 1} and appends ${last.cout}`}
            .style=${`top: ${i * row}px; height: ${row}px; width: ${width}px; left: 0`}
            @click=${() => view.go(toLayer(graph, place, last.name))}
            @dblclick=${() => view.enter({})}
          ></button>`,
      )}
    </div>
    <p class="quiet">${bufferWords(view, section, readers.length, slice?.from, slice?.to)}</p>
  </section>`;
}

function bufferWords(view: View, section: Section, readers: number, from?: number, to?: number): string {
  const { graph } = view;
  const { height, width } = graph.shape(section.layers[0].name);
  const last = section.layers[section.layers.length - 1];
  const all = graph.offsetInBuffer(last.name) + last.cout;
  const floats = height * width * 4;
  // A library that copies writes what was there and what is new anew at each concatenation.
  const copied = section.denseLayers.reduce((sum, dense) => {
    const { name, cout } = dense[dense.length - 1];
    return sum + (graph.offsetInBuffer(name) + cout) * floats;
  }, 0);
  const lit =
    from === undefined
      ? ''
      : ` Channels ${from} to ${(to as number) - 1} are lit: ${readers} of this block's layers read them where they lie, and so does whatever comes behind the block.`;
  return `Each layer reads what is there and writes its channels behind: concatenating copies nothing, 0 bytes. The buffer takes ${byteSize(all * floats)}; concatenations that copy would write ${byteSize(copied)}.${lit}`;
}

/** What each reader passes back to the channel under the cursor, and their sum. */
function arrivals(view: View): TemplateResult {
  const { graph, place, values, opened } = view;
  const written = graph.written(place.layer, place.channel);
  const isStored = graph.readers(written.name).some(({ kind }) => kind === 'concat');
  if (!isStored || !opened) return html``;
  const layer = graph.layer(written.name);
  const c = graph.offsetInBuffer(layer.name) + written.channel;
  const readers = graph.finalReaders(layer.name);
  const maps = readers.map(({ kind, name }) => values.map(`gradient through ${kind}`, name));
  const sum = values.map(`gradient of ${layer.kind}`, layer.name);
  const most = sum ? Math.max(...maps.flatMap((map) => (map ? channelOf(map, c).map(Math.abs) : [0]))) : 0;
  let running = 0;
  const tile = readers.length > 10 ? 44 : 64;
  return html`<section class="arrivals" aria-label="Gradients that arrive">
    <h3>Gradients arrive from every reader, and add up</h3>
    <ol>
      ${readers.map((reader, i) => {
        const map = maps[i];
        const value = map ? at(map, place.y, place.x, c) : null;
        running += value ?? 0;
        return html`<li>
          ${i > 0 ? html`<span class="sign">+</span>` : nothing}
          <figure>
            <chexgpu-sheet
              .data=${map}
              .from=${c}
              .to=${c + 1}
              .tile=${tile}
              .most=${most}
              .side=${[1, 1]}
              .cursor=${[place.y, place.x]}
              label=${`What ${reader.name} passes back to channel ${c}`}
            ></chexgpu-sheet>
            <figcaption>${reader.name}<br /><b>${value === null ? '…' : number(value, 3)}</b><br />so far ${number(running, 3)}</figcaption>
          </figure>
        </li>`;
      })}
      <li>
        <span class="sign">=</span>
        <figure>
          <chexgpu-sheet
            .data=${sum}
            .from=${written.channel}
            .to=${written.channel + 1}
            .tile=${tile}
            .most=${most}
            .cursor=${[place.y, place.x]}
            label="Their sum, the gradient of the channel"
          ></chexgpu-sheet>
          <figcaption>
            the GPU's sum<br /><b>${sum ? number(at(sum, place.y, place.x, written.channel), 3) : '…'}</b>
          </figcaption>
        </figure>
      </li>
    </ol>
    <p class="quiet">
      dL/d ${written.name}[0,${place.y},${place.x},${written.channel}]: a channel of the buffer has as many gradients as
      layers read it. They meet here.
    </p>
  </section>`;
}

function channelOf(
  { shape, values }: { shape: readonly number[]; values: ArrayLike<number> },
  c: number,
): number[] {
  const channels = shape[3];
  return Array.from({ length: values.length / channels }, (_, pixel) => values[pixel * channels + c]);
}

/** Layers one behind the other, each with its channels as tiles. */
function chain(view: View, section: Section): TemplateResult {
  const layers = section.isBlock ? denseLayerOf(view, section) : section.layers;
  const number = section.isBlock ? section.denseLayers.indexOf(layers) + 1 : 0;
  const isBack = view.place.direction === 'backward';
  return html`<section class="chain" aria-label="Layers">
    <h3>${section.isBlock ? `Layer ${number}, ` : ''}${isBack ? 'read from right to left on the way back' : 'from left to right'}</h3>
    <ol class=${isBack ? 'back' : ''}>
      ${layers.map((layer) => html`<li>${layerCard(view, layer)}</li>`)}
    </ol>
  </section>`;
}

const SHEET = 148;
const MOST_TILES = 64;

function layerCard(view: View, layer: Layer): TemplateResult {
  const { graph, place } = view;
  const { height, width, channels } = graph.shape(layer.name);
  const isHere = place.layer === layer.name;
  const shown = Math.min(channels, MOST_TILES);
  const columns = Math.max(1, Math.ceil(Math.sqrt(shown)));
  const tile = Math.max(8, Math.floor(SHEET / columns) - 3);
  const from = isHere ? Math.min(channels - shown, Math.floor(place.channel / shown) * shown) : 0;
  const isUpdate = place.direction === 'update';
  const choose = (channel: number) => view.go({ ...toLayer(graph, place, layer.name), channel });
  return html`<figure class="layer ${isHere ? 'here' : ''}" ?data-focus=${isHere && graph.sectionOf(layer.name).isBlock === false}>
    <button type="button" class="plain name" aria-pressed=${isHere ? 'true' : 'false'} @click=${() => choose(place.channel)}>
      <b>${KIND_WORDS[layer.kind]}</b><span>${layer.name}</span>
    </button>
    ${
      isUpdate
        ? kernelSheets(view, layer.name, Math.min(place.channel, channels - 1), 56)
        : html`<chexgpu-sheet
            .data=${shownMap(view, layer.name)}
            .side=${[height, width]}
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
    <figcaption>${height} × ${width} × ${channels}${shown < channels ? `, ${from} to ${from + shown - 1} shown` : ''}</figcaption>
  </figure>`;
}
