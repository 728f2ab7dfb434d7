/** On the way back a channel of the buffer hears from every layer that read it. */
import type { Layer } from 'chexgpu';
import { html, nothing, type TemplateResult } from 'lit';
import { at } from '../../../../../src/densenet/trace/terms.js';
import { number } from '../../parts/numbers.js';
import type { View } from '../view.js';

/** What each reader passes back to the channel under the cursor, and their sum. */
export function arrivals(view: View): TemplateResult {
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
    <h2>Gradients arrive from every reader, and add up</h2>
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
            <figcaption>
              ${readerName(reader)}<br /><b>${value === null ? '…' : number(value, 3)}</b><br />
              so far ${number(running, 3)}
            </figcaption>
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

/** Short: the pictures beside have the layer's own name. */
function readerName({ section, block }: Layer): string {
  if (section === 'dense') return `layer ${block}`;
  return section === 'transition' ? 'transition' : 'head';
}

function channelOf(
  { shape, values }: { shape: readonly number[]; values: ArrayLike<number> },
  c: number,
): number[] {
  const channels = shape[3];
  return Array.from({ length: values.length / channels }, (_, pixel) => values[pixel * channels + c]);
}
