/**
 * Where each part of a network lies on the map, of its table alone: sections from left to right, in as many rows as the
 * width asks for; of each layer a column as high as its map has channels, those of a dense block stacked by who wrote
 * them.
 */
import type { Graph, Section, Slice } from './graph.js';
import { ENDS } from './graph.js';

export interface Column {
  /** The cursor's layer when somebody goes there: of a dense layer the convolution that appends. */
  readonly layer: string;
  /** All layers that the column stands for. */
  readonly layers: readonly string[];
  readonly x: number;
  readonly width: number;
  /** From the bottom up; each with its height. */
  readonly slices: readonly { readonly writer: string; readonly height: number; readonly isNew: boolean }[];
  readonly height: number;
}

export interface PlacedSection {
  readonly section: Section;
  readonly x: number;
  /** Top of its row. */
  readonly y: number;
  readonly width: number;
  readonly columns: readonly Column[];
}

interface NetworkMap {
  readonly width: number;
  readonly height: number;
  /** Of the columns, from the top of a row. */
  readonly base: number;
  readonly rowHeight: number;
  readonly sections: readonly PlacedSection[];
}

export const MAP_SIZES = { title: 40, thumb: 64, columns: 150, foot: 54, gap: 18 } as const;
const WIDEST = 62;
const NARROWEST = 9;
const LEAST_SECTION = 96;

export function networkMap(graph: Graph, width: number): NetworkMap {
  const counts = graph.sections.map((section) => columnsOf(graph, section));
  const unit = unitOf(counts, width - MAP_SIZES.gap * (counts.length - 1));
  const most = Math.max(...graph.layers.map(({ cout }) => cout));
  const heightOf = (channels: number) => Math.max(2, (MAP_SIZES.columns * channels) / most);
  const rowHeight = MAP_SIZES.title + MAP_SIZES.thumb + MAP_SIZES.columns + MAP_SIZES.foot;
  let [x, y] = [0, 0];
  const sections = graph.sections.map((section, i): PlacedSection => {
    const own = Math.max(LEAST_SECTION, counts[i].length * unit);
    if (x > 0 && x + own > width) [x, y] = [0, y + rowHeight + MAP_SIZES.gap];
    const step = Math.min(unit, own / counts[i].length);
    const columns = counts[i].map((column, c): Column => {
      const slices = column.slices.map((slice, s) => ({
        writer: slice.writer.name,
        height: heightOf(slice.to - slice.from),
        isNew: section.isBlock && s === column.slices.length - 1,
      }));
      const height = slices.reduce((sum, slice) => sum + slice.height, 0);
      return { layer: column.layer, layers: column.layers, x: x + c * step, width: step, slices, height };
    });
    const placed = { section, x, y, width: own, columns };
    x += own + MAP_SIZES.gap;
    return placed;
  });
  const base = MAP_SIZES.title + MAP_SIZES.thumb + MAP_SIZES.columns;
  return { width, height: y + rowHeight, base, rowHeight, sections };
}

/** Width of a column: as wide as one row can bear, within bounds. */
function unitOf(counts: readonly (readonly unknown[])[], free: number): number {
  const fits = (unit: number) =>
    counts.reduce((sum, { length }) => sum + Math.max(LEAST_SECTION, length * unit), 0) <= free;
  for (let unit = WIDEST; unit > NARROWEST; unit--) if (fits(unit)) return unit;
  return NARROWEST;
}

/** Of a block one column per dense layer, as high as what is there behind it; else one per layer. */
function columnsOf(graph: Graph, { isBlock, layers, denseLayers }: Section) {
  const column = (layer: string, slices: readonly Slice[], all: readonly string[]) => ({
    layer,
    slices,
    layers: all,
  });
  if (isBlock) {
    return denseLayers.map((dense) => {
      const last = dense[dense.length - 1].name;
      const concat = graph.readers(last).find(({ kind }) => kind === 'concat');
      const slices = graph.slices(concat?.name ?? last);
      return column(
        last,
        slices,
        dense.map(({ name }) => name),
      );
    });
  }
  const found = layers.map((layer) =>
    column(layer.name, [{ writer: layer, from: 0, to: layer.cout }], [layer.name]),
  );
  if (layers[layers.length - 1].kind !== 'dense') return found;
  const head = layers[layers.length - 1];
  return [
    ...found,
    ...ENDS.map((end) => column(end, [{ writer: head, from: 0, to: graph.shape(end).channels }], [end])),
  ];
}

/** The colour of what a layer of a block wrote: a hue per dense layer, none for what came in. */
export function writerColour(graph: Graph, writer: string): string {
  const { block, section, stage } = graph.layer(writer);
  if (section !== 'dense') return 'oklch(0.7 0.02 240)';
  const count = graph.config.blocks[stage - 2];
  const hue = Math.round(200 + (300 * (block - 1)) / Math.max(2, count));
  return `oklch(0.7 0.13 ${hue % 360})`;
}
