/**
 * A network's table of layers asked about single numbers: who reads what, who wrote which channels, which pixels count.
 * All of it is read off the table; nothing here knows a network by name.
 */
import { type DenseNetConfig, type Layer, layerTable, outputShapes, type Shape } from '../architecture.js';

/** What comes behind the logits: no layers of the table, and stations of the picture all the same. */
export const ENDS = ['probabilities', 'loss terms', 'loss'] as const;
export type End = (typeof ENDS)[number];
export const isEnd = (name: string): name is End => (ENDS as readonly string[]).includes(name);

export interface Window {
  readonly kernel: number;
  readonly stride: number;
  readonly pad: number;
}

/** Who wrote channels [from, to) of a block's buffer. */
export interface Slice {
  readonly writer: Layer;
  readonly from: number;
  readonly to: number;
}

/** Rows and columns [top, bottom) x [left, right) of the input that a pixel depends on, cut at the edge. */
export interface Field {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

/** Layers that are drawn together: the stem, a dense block, a transition, the head. */
export interface Section {
  /** `stem`, `block2`, `transition2`, `head` */
  readonly id: string;
  readonly title: string;
  readonly isBlock: boolean;
  /** Without padding and concatenations. */
  readonly layers: readonly Layer[];
  /** Of a block: its dense layers, each from its first batch norm to the convolution that appends. */
  readonly denseLayers: readonly (readonly Layer[])[];
}

export class Graph {
  readonly layers: readonly Layer[];
  readonly sections: readonly Section[];
  private readonly byName: ReadonlyMap<string, Layer>;
  private readonly shapes: ReadonlyMap<string, Shape>;

  constructor(
    readonly config: DenseNetConfig,
    readonly size: number,
  ) {
    this.layers = layerTable(config);
    this.byName = new Map(this.layers.map((layer) => [layer.name, layer]));
    this.shapes = outputShapes(config, size);
    this.sections = this.makeSections();
  }

  has(name: string): boolean {
    return this.byName.has(name);
  }

  /** @throws Error where there is none */
  layer(name: string): Layer {
    const layer = this.byName.get(name);
    if (!layer) throw new Error(`${this.config.name} has no layer ${name}.`);
    return layer;
  }

  /** Of a layer's map, or of what comes behind the logits. */
  shape(name: string): Shape {
    if (name === 'loss') return { height: 1, width: 1, channels: 1 };
    if (isEnd(name)) return { height: 1, width: 1, channels: this.config.classes };
    return this.shapes.get(name) as Shape;
  }

  /** The layer whose map a layer reads: padding belongs to who reads it. */
  input({ inputs: [name] }: Layer): Layer {
    const layer = this.layer(name);
    return layer.kind === 'zeropad' ? this.input(layer) : layer;
  }

  /** Layers that read the map of this one. */
  readers(name: string): Layer[] {
    const found = this.layers.filter(({ inputs }) => inputs.includes(name));
    return found.flatMap((layer) => (layer.kind === 'zeropad' ? this.readers(layer.name) : [layer]));
  }

  /** Layers that compute with the map, concatenations passed through: those whose gradients add up at it. */
  finalReaders(name: string): Layer[] {
    const found = this.readers(name).flatMap((reader) =>
      reader.kind === 'concat' ? this.finalReaders(reader.name) : [reader],
    );
    return [...new Set(found)];
  }

  /** With the padding in front of it. */
  window(layer: Layer): Window {
    const front = this.layer(layer.inputs[0]);
    const { kernel, stride, pad } = layer;
    return { kernel, stride, pad: pad + (front.kind === 'zeropad' ? front.pad : 0) };
  }

  /** The channels of a map by who wrote them: one slice but for a concatenation. */
  slices(name: string): Slice[] {
    const layer = this.layer(name);
    if (layer.kind !== 'concat') return [{ writer: layer, from: 0, to: layer.cout }];
    const [before, added] = layer.inputs.map((one) => this.layer(one));
    return [...this.slices(before.name), { writer: added, from: layer.cin, to: layer.cout }];
  }

  /** Where the map's first channel lies in the buffer that its readers read; 0 where it is alone. */
  offsetInBuffer(name: string): number {
    const layer = this.layers.find(({ kind, inputs }) => kind === 'concat' && inputs[1] === name);
    return layer ? layer.cin : 0;
  }

  /** The number behind a channel of a concatenation: the map and channel that it is. */
  written(name: string, channel: number): { name: string; channel: number } {
    if (isEnd(name) || this.layer(name).kind !== 'concat') return { name, channel };
    const slice = this.slices(name).find(({ from, to }) => channel >= from && channel < to) as Slice;
    return { name: slice.writer.name, channel: channel - slice.from };
  }

  /** Pixels of the input that a pixel of a map depends on; everything behind a global pool depends on all. */
  receptiveField(name: string, y: number, x: number): Field {
    const whole = { top: 0, bottom: this.size, left: 0, right: this.size };
    if (isEnd(name)) return whole;
    const rows = this.reach(this.layer(name), [y, y + 1]);
    const columns = this.reach(this.layer(name), [x, x + 1]);
    if (!rows || !columns) return whole;
    const cut = ([from, to]: Range): Range => [Math.max(0, from), Math.min(this.size, to)];
    const [top, bottom] = cut(rows);
    const [left, right] = cut(columns);
    return { top, bottom, left, right };
  }

  /** Rows of the input behind rows of a map; null for all. */
  private reach(layer: Layer, [from, to]: Range): Range | null {
    if (layer.kind === 'input') return [from, to];
    if (layer.kind === 'gap' || layer.kind === 'dense') return null;
    if (layer.kind === 'concat') {
      // The channels that were appended have seen the most.
      return this.reach(this.layer(layer.inputs[1]), [from, to]);
    }
    const { kernel, stride, pad } = this.window(layer);
    return this.reach(this.input(layer), [from * stride - pad, (to - 1) * stride - pad + kernel]);
  }

  /** The section of a layer; the head's for what comes behind the logits. */
  sectionOf(name: string): Section {
    const last = this.sections[this.sections.length - 1];
    if (isEnd(name) || !this.has(name)) return last;
    const { section, stage } = this.layer(name);
    return this.sections.find(({ id }) => id === sectionId(section, stage)) ?? last;
  }

  /** Names on which the cursor can be, in the order of computation. */
  get stations(): string[] {
    return [...this.sections.flatMap(({ layers }) => layers.map(({ name }) => name)), ...ENDS];
  }

  private makeSections(): Section[] {
    const ids = [...new Set(this.layers.map(({ section, stage }) => sectionId(section, stage)))];
    return ids.map((id) => {
      const all = this.layers.filter(({ section, stage }) => sectionId(section, stage) === id);
      const layers = all.filter(({ kind }) => kind !== 'zeropad' && kind !== 'concat');
      const { section, stage } = all[0];
      const isBlock = section === 'dense';
      const numbers = isBlock ? [...new Set(layers.map(({ block }) => block))] : [];
      const denseLayers = numbers.map((number) => layers.filter(({ block }) => block === number));
      return { id, title: sectionTitle(section, stage), isBlock, layers, denseLayers };
    });
  }
}

type Range = [from: number, to: number];

/** Of the part of the network that a layer is in: `block1`. */
export function sectionId(section: Layer['section'], stage: number): string {
  if (section === 'dense') return `block${stage - 1}`;
  return section === 'transition' ? `transition${stage - 1}` : section;
}

export function sectionTitle(section: Layer['section'], stage: number): string {
  if (section === 'dense') return `Dense block ${stage - 1}`;
  if (section === 'transition') return `Transition ${stage - 1}`;
  return section === 'stem' ? 'Stem' : 'Head';
}

/** What a kind of layer is called. */
export const KIND_WORDS: Readonly<Record<string, string>> = {
  input: 'normalised input',
  conv: 'convolution',
  batchnorm: 'batch norm',
  relu: 'ReLU',
  maxpool: 'max pool',
  avgpool: 'average pool',
  concat: 'concatenation',
  gap: 'global average pool',
  dense: 'dense layer, logits',
  probabilities: 'probabilities',
  'loss terms': 'terms of the loss',
  loss: 'loss',
};
