/** The outermost level: the network as a map, from the picture to the loss. */
import { html, nothing, svg, type TemplateResult } from 'lit';
import { toLayer } from '../graph/cursor.js';
import { type Column, MAP_SIZES, networkMap, type PlacedSection, writerColour } from '../graph/networkMap.js';
import { number } from '../parts/numbers.js';
import { movesTable } from './figures/movesTable.js';
import { meanMap, pictureData, shownMap, type View } from './view.js';

const THUMB = MAP_SIZES.thumb - 8;

export function networkLevel(view: View): TemplateResult {
  const { graph, width, place } = view;
  const isWide = width >= 760;
  const map = networkMap(graph, isWide ? width - 324 : width);
  const direction = place.direction;
  return html`<div class="network ${isWide ? 'wide' : ''}">
    ${pictureFigure(view)}
    <div class="map" .style=${`height: ${map.height}px`}>
      <svg width=${map.width} height=${map.height} aria-hidden="true">
        ${map.sections.map((section, i) => sectionPicture(view, section, map.base, map.sections[i + 1], direction))}
      </svg>
      ${map.sections.map((section) => sectionOverlay(view, section, map.rowHeight))}
    </div>
    ${endFigure(view)}
    <p class="quiet key">
      Each column is a layer, as high as its map has channels; in a dense block the colours say which layer wrote them,
      strong where it has just done so. The small pictures are maps, the mean over their channels.
      All is as in a training step, whose batch norms go by this picture alone: a prediction goes by moving averages,
      and its probabilities are others.
    </p>
    ${direction === 'update' ? movesTable(view) : nothing}
  </div>`;
}

function pictureFigure(view: View): TemplateResult {
  const { graph, place, opened } = view;
  const isBack = place.direction === 'backward';
  const field = graph.receptiveField(place.layer, place.y, place.x);
  const gradient = isBack ? shownMap(view, 'input_1') : null;
  return html`<figure class="picture">
    <chexgpu-sheet
      ?gray=${!gradient}
      .data=${gradient ?? pictureData(view)}
      .side=${[graph.size, graph.size]}
      .tile=${132}
      .frame=${[field.top, field.bottom, field.left, field.right]}
      label=${`The picture, ${graph.size} × ${graph.size} pixels, framed where the cursor's number looks.`}
      pickable
      @pick=${({ detail: { y, x } }: CustomEvent) => view.go({ layer: 'input_1', channel: 0, y, x })}
    ></chexgpu-sheet>
    <figcaption>
      ${isBack ? 'dL/dx of ' : ''}${opened?.picture ?? 'the picture'}, ${graph.size} × ${graph.size}
    </figcaption>
  </figure>`;
}

function sectionPicture(
  { graph, place }: View,
  placed: PlacedSection,
  base: number,
  next: PlacedSection | undefined,
  direction: string,
): TemplateResult {
  const { section, x, y, width, columns } = placed;
  const last = section.layers[section.layers.length - 1];
  const isWide = columns[0].width >= WIDE_COLUMN;
  const bottom = y + base;
  const isHere = graph.sectionOf(place.layer) === section;
  const written = graph.written(place.layer, place.channel).name;
  const arrow = next?.y === y ? x + width + 3 : null;
  const isBack = direction === 'backward';
  return svg`<g class="section ${isHere ? 'here' : ''}">
    <text class="title" x=${x} y=${y + 14}>${section.title}</text>
    <text x=${x} y=${y + 30}>${sizeWords(placed, graph.shape(last.name).height)}</text>
    <line class="ground" x1=${x} x2=${x + width} y1=${bottom + 0.5} y2=${bottom + 0.5} />
    ${columns.map(({ x, width, slices, layers, height }) => {
      let from = bottom;
      const isCursor = layers.includes(place.layer) || layers.includes(written);
      return svg`<g class="column ${isCursor ? 'cursor' : ''}">
        ${slices.map(({ writer, height, isNew }) => {
          from -= height;
          const inset = width > 14 ? 2 : 0.5;
          return svg`<rect x=${x + inset} y=${from} width=${width - 2 * inset} height=${height}
            fill=${writerColour(graph, writer)} opacity=${section.isBlock && !isNew ? 0.42 : 1} />`;
        })}
        ${
          isWide
            ? svg`<text x=${x + width / 2} y=${bottom + 16} text-anchor="middle">${kindName(graph, layers)}</text>`
            : nothing
        }
        ${
          isCursor
            ? svg`<rect class="ring" x=${x - 0.5} y=${bottom - height - 3} width=${width + 1}
              height=${height + 6} rx="3" />`
            : nothing
        }
      </g>`;
    })}
    <text x=${x} y=${bottom + (isWide ? 33 : 17)}>${channelWords(placed)}</text>
    ${
      arrow === null
        ? nothing
        : svg`<path class="arrow ${isBack ? 'back' : ''}" d=${
            isBack
              ? `M${arrow + 12} ${bottom - 8}h-11m4 -4l-4 4l4 4`
              : `M${arrow} ${bottom - 8}h11m-4 -4l4 4l-4 4`
          } />`
    }
  </g>`;
}

/** Under a column. */
function kindName(graph: View['graph'], layers: readonly string[]): string {
  const [name] = layers;
  if (layers.length > 1) return `layer ${graph.layer(name).block}`;
  const ends: Readonly<Record<string, string>> = { probabilities: 'p', 'loss terms': 'terms', loss: 'L' };
  if (ends[name]) return ends[name];
  const kinds: Readonly<Record<string, string>> = {
    batchnorm: 'norm',
    maxpool: 'pool',
    avgpool: 'pool',
    gap: 'mean',
    dense: 'logits',
  };
  const { kind } = graph.layer(name);
  return kinds[kind] ?? kind;
}

const sizeWords = ({ section }: PlacedSection, side: number) =>
  section.isBlock
    ? `${section.denseLayers.length} layers, ${side}×${side}`
    : side === 1
      ? 'to the loss'
      : `to ${side}×${side}`;

function channelWords({ section: { layers, isBlock, denseLayers } }: PlacedSection): string {
  const [first, last] = [layers[0], layers[layers.length - 1]];
  const to = isBlock ? first.cin + denseLayers.length * last.cout : last.cout;
  return `${first.cin} to ${to} ch.`;
}

/** From this width on a column shows the map of its layer. */
const WIDE_COLUMN = 36;
/** What the button of a section has around its columns, in pixels. */
const RIM = 7;

function columnThumb(view: View, { layer, x, width, height }: Column, y: number): TemplateResult {
  const { graph } = view;
  const shape = graph.shape(layer);
  if (shape.height === 1) return html``;
  const tile = Math.min(THUMB, width - 4);
  const top = y + MAP_SIZES.title + MAP_SIZES.thumb + MAP_SIZES.columns - height - tile - 6;
  return html`<chexgpu-sheet
    class="thumb"
    .style=${`left: ${x + (width - tile) / 2}px; top: ${top}px`}
    .data=${meanMap(shownMap(view, layer))}
    .side=${[shape.height, shape.width]}
    .tile=${tile}
    label=${`${layer}: mean size over its channels`}
  ></chexgpu-sheet>`;
}

/** What can be pressed, and the map behind the section in small. */
function sectionOverlay(
  view: View,
  { section, x, y, width, columns }: PlacedSection,
  rowHeight: number,
): TemplateResult {
  const { graph, place } = view;
  const isHere = graph.sectionOf(place.layer) === section;
  const [first, last] = [section.layers[0], section.layers[section.layers.length - 1]];
  const shape = graph.shape(last.name);
  const concat = section.isBlock ? graph.readers(last.name).find(({ kind }) => kind === 'concat') : undefined;
  const isMap = shape.height > 1;
  const to = concat?.cout ?? last.cout;
  const thumb = isMap
    ? meanMap(shownMap(view, place.direction === 'backward' ? last.name : (concat?.name ?? last.name)))
    : null;
  const choose = (event: MouseEvent) => {
    const left = (event.currentTarget as HTMLElement).getBoundingClientRect().left;
    const at = event.detail === 0 ? 0 : Math.floor((event.clientX - left - RIM) / columns[0].width);
    const column = columns[Math.min(columns.length - 1, Math.max(0, at))];
    view.go(toLayer(graph, place, column.layer));
  };
  return html`${columns[0].width < WIDE_COLUMN ? nothing : columns.map((column) => columnThumb(view, column, y))}${
    isMap && columns[0].width < WIDE_COLUMN
      ? html`<chexgpu-sheet
          class="thumb"
          .style=${`left: ${x}px; top: ${y + MAP_SIZES.title - 2}px`}
          .data=${thumb}
          .tile=${THUMB}
          label=${`${section.title}: mean size over the channels of its last map`}
        ></chexgpu-sheet>`
      : nothing
  }<button
    type="button"
    class="over ${isHere ? 'here' : ''}"
    ?data-focus=${isHere}
    aria-pressed=${isHere ? 'true' : 'false'}
    aria-label=${`${section.title}: ${first.cin} to ${to} channels, ${shape.height} × ${shape.width} pixels`}
    .style=${`left: ${x - RIM}px; top: ${y - 4}px; width: ${width + 2 * RIM}px; height: ${rowHeight - 12}px`}
    @click=${choose}
    @dblclick=${() => view.enter({})}
  ></button>`;
}

/** What comes out: probabilities or the slope of the loss at each logit. */
function endFigure(view: View): TemplateResult {
  const { labels, opened, values, place, graph } = view;
  const isBack = place.direction === 'backward';
  const head = graph.layers[graph.layers.length - 1];
  const map =
    opened &&
    (isBack ? values.map('gradient of dense', head.name) : values.map('probabilities', 'probabilities'));
  const loss = opened && values.map('loss', 'loss');
  const most = map ? Math.max(...map.values.map(Math.abs)) || 1 : 1;
  const station = isBack ? head.name : 'probabilities';
  return html`<figure class="ends">
    <figcaption>
      ${isBack ? 'dL/dlogit: where the way back begins' : 'probability of each label, in training'}
    </figcaption>
    <ul>
      ${labels.map((label, k) => {
        const value = map?.values[k];
        const isHere = place.output === k;
        const share = value === undefined ? 0 : Math.abs(value) / (isBack ? most : 1);
        return html`<li>
          <button
            type="button"
            class="plain"
            aria-pressed=${isHere ? 'true' : 'false'}
            @click=${() => view.go({ output: k, layer: station, channel: k, y: 0, x: 0 })}
          >
            <span class="name">${label}${opened?.positive.includes(k) ? html`<b> (true)</b>` : nothing}</span>
            <span class="track"
              ><i class=${(value ?? 0) < 0 ? 'minus' : ''} .style=${`width: ${100 * share}%`}></i
            ></span>
            <span class="value">${value === undefined ? '…' : number(value, 3)}</span>
          </button>
        </li>`;
      })}
    </ul>
    <button type="button" class="loss" @click=${() => view.go({ layer: 'loss', channel: 0, y: 0, x: 0 })}>
      <span>loss L</span> <b>${loss ? number(loss.values[0], 6) : '…'}</b>
    </button>
  </figure>`;
}
