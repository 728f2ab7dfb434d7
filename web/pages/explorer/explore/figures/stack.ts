/** A block's one buffer: a stack that grows by concatenation, and who reads which channels of it. */
import { byteSize, type Layer } from 'chexgpu';
import { html, nothing, svg, type TemplateResult } from 'lit';
import { toLayer } from '../../graph/cursor.js';
import type { Section, Slice } from '../../graph/graph.js';
import { writerColour } from '../../graph/networkMap.js';
import { GAP } from '../../parts/sheet.js';
import type { View } from '../view.js';

/** The dense layer of the block that the cursor is in: of a channel of the buffer, who wrote it. */
export function denseLayerOf({ graph, place }: View, section: Section): readonly Layer[] {
  const { name } = graph.written(place.layer, place.channel);
  return (
    section.denseLayers.find((dense) => dense.some((layer) => layer.name === name)) ?? section.denseLayers[0]
  );
}

const ROW = 26;
/** From this pitch on the channels of the buffer are drawn themselves. */
const LEAST_TILE = 18;

interface StackRow {
  readonly dense: readonly Layer[];
  /** The convolution that appends. */
  readonly last: Layer;
  readonly concat: Layer;
  readonly slices: readonly Slice[];
}

function stackRows({ graph }: View, section: Section): StackRow[] {
  return section.denseLayers.map((dense) => {
    const last = dense[dense.length - 1];
    const concat = graph.readers(last.name).find(({ kind }) => kind === 'concat') as Layer;
    return { dense, last, concat, slices: graph.slices(concat.name) };
  });
}

/** One buffer, row by row: what a layer reads of it, and the channels that it appends. */
export function stack(view: View, section: Section): TemplateResult {
  const { graph, width, place } = view;
  const rows = stackRows(view, section);
  const { concat } = rows[rows.length - 1];
  const names = width < 560 ? 30 : 128;
  const room = (width - names - 8) / concat.cout;
  const hasTiles = room >= LEAST_TILE;
  const scale = hasTiles ? Math.min(56, Math.floor(room)) : room;
  const row = hasTiles ? scale + 12 : rows.length > 14 ? 17 : ROW;
  const here = denseLayerOf(view, section);
  const written = graph.written(place.layer, place.channel);
  const slice = graph.slices(concat.name).find(({ writer }) => writer.name === written.name);
  const readers = slice ? rows.filter(({ last }) => slice.to <= graph.offsetInBuffer(last.name)) : [];
  const { height: h, width: w } = graph.shape(concat.name);
  const sizes = { names, scale, row, hasTiles };
  return html`<section class="stack" aria-label="The block's buffer">
    <h2>One buffer, [1, ${h}, ${w}, ${concat.cout}], which grows</h2>
    <div class="rows" .style=${`height: ${rows.length * row + 24}px`}>
      <svg width=${width} height=${rows.length * row + 24} aria-hidden="true">
        ${rows.map((one, i) => stackRow(view, one, i, sizes, one.dense === here, slice))}
        ${
          slice
            ? svg`<rect class="ring" x=${names + slice.from * scale - 2} y="1" rx="4" fill="none"
              width=${(slice.to - slice.from) * scale + 2} height=${rows.length * row - 2} />`
            : nothing
        }
        <text x=${names} y=${rows.length * row + 18}>channel 0</text>
        <text x=${names + concat.cout * scale} y=${rows.length * row + 18} text-anchor="end">
          channel ${concat.cout - 1}
        </text>
      </svg>
      ${hasTiles ? rows.map((one, i) => stackTiles(view, one, i, sizes)) : nothing}
      ${rows.map(
        ({ dense, last }, i) =>
          html`<button
            type="button"
            class="over ${dense === here ? 'here' : ''}"
            ?data-focus=${dense === here && graph.layer(place.layer).kind === 'concat'}
            aria-pressed=${dense === here ? 'true' : 'false'}
            aria-label=${`Layer ${i + 1} reads ${graph.offsetInBuffer(last.name)} channels and appends ${last.cout}`}
            .style=${`top: ${i * row}px; height: ${row}px; width: ${names + concat.cout * scale + 4}px`}
            @click=${() => view.go(toLayer(graph, place, last.name))}
            @dblclick=${() => view.enter({})}
          ></button>`,
      )}
    </div>
    <p class="quiet">${bufferWords(view, section, readers.length, slice?.from, slice?.to)}</p>
  </section>`;
}

interface StackSizes {
  readonly names: number;
  readonly scale: number;
  readonly row: number;
  readonly hasTiles: boolean;
}

/** A bar per slice, in the colour of who wrote it. */
function stackRow(
  { graph }: View,
  { last, slices }: StackRow,
  i: number,
  { names, scale, row, hasTiles }: StackSizes,
  isHere: boolean,
  lit: Slice | undefined,
): TemplateResult {
  const y = i * row;
  const [top, height] = hasTiles ? [y + row - 8, 5] : [y + 3, row - 6];
  const { from, to } = slices[slices.length - 1];
  const words = names < 100 ? `${i + 1}` : `layer ${i + 1}: ${from} to ${to}`;
  return svg`<g class=${isHere ? 'here' : ''}>
    <text x="6" y=${y + row / 2 + 4}>${words}</text>
    ${slices.map(({ writer, from, to }) => {
      const opacity = writer === last ? 1 : lit?.writer === writer ? 0.75 : 0.3;
      return svg`<rect x=${names + from * scale} y=${top} width=${Math.max(1, (to - from) * scale - 1)}
        height=${height} rx="2" fill=${writerColour(graph, writer.name)} opacity=${opacity} />`;
    })}
  </g>`;
}

/** The channels themselves: those that a layer reads, and those that it has written. */
function stackTiles(
  view: View,
  { concat, slices }: StackRow,
  i: number,
  { names, scale, row }: StackSizes,
): TemplateResult {
  const { values, opened } = view;
  const map = opened && values.map('concat', concat.name);
  const { from, to } = slices[slices.length - 1];
  const sheet = (first: number, end: number, name: string) => html`<chexgpu-sheet
    class=${name}
    .style=${`left: ${names + first * scale}px; top: ${i * row + 3}px`}
    .data=${map}
    .from=${first}
    .to=${end}
    .columns=${end - first}
    .tile=${scale - GAP}
    label=${`Channels ${first} to ${end - 1}, which layer ${i + 1} ${name === 'old' ? 'reads' : 'writes'}`}
  ></chexgpu-sheet>`;
  return html`${sheet(0, from, 'old')}${sheet(from, to, 'new')}`;
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
  const own =
    'Each layer reads what is there and writes its channels behind: concatenating copies nothing, 0 bytes. ' +
    `The buffer takes ${byteSize(all * floats)}; concatenations that copy would write ${byteSize(copied)}.`;
  if (from === undefined || to === undefined) return own;
  return (
    `${own} Channels ${from} to ${to - 1} are lit: ${readers} of this block's layers read them where they lie, ` +
    'and so does what comes behind the block.'
  );
}
