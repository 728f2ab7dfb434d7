/** What each level is drawn of. */
import type { Graph } from '../graph/graph.js';
import type { SheetData } from '../parts/sheet.js';
import type { Place } from '../place.js';
import type { Opened } from '../types.js';
import type { Values } from '../values.js';

export interface View {
  readonly graph: Graph;
  /** Mended by what the network has. */
  readonly place: Place;
  readonly values: Values;
  /** Null until the worker looks at the subject; the picture stands without. */
  readonly opened: Opened | null;
  /** Names of the outputs, their numbers until they are known. */
  readonly labels: readonly string[];
  /** Of the stage, in CSS pixels. */
  readonly width: number;
  readonly go: (change: Partial<Place>) => void;
  /** One level further in, at a place. */
  readonly enter: (change: Partial<Place>) => void;
}

/** The kind of map that is shown of a layer: of the forward or of the backward pass. */
function shownKind({ graph, place }: View, name: string): string {
  const kind =
    name === 'probabilities' || name === 'loss terms' || name === 'loss' ? name : graph.layer(name).kind;
  return place.direction === 'backward' ? `gradient of ${kind}` : kind;
}

/** A map of the direction that is shown; null until it is there, and where there is none. */
export function shownMap(view: View, name: string) {
  const kind = shownKind(view, name);
  if (kind === 'gradient of concat' || /^gradient of (?:prob|loss)/.test(kind)) return null;
  return view.opened ? view.values.map(kind, name) : null;
}

/** The picture as the network is given it. */
export function pictureData({ opened }: View): SheetData | null {
  if (!opened) return null;
  const { values, width, channels } = opened.pixels;
  return { shape: [1, width, width, channels], values };
}

const means = new WeakMap<SheetData, SheetData>();

/** Mean over the channels of the size of each value: a map in one picture. */
export function meanMap(map: SheetData | null): SheetData | null {
  if (!map) return null;
  const known = means.get(map);
  if (known) return known;
  const [, height, width, channels] = map.shape;
  const values = new Float32Array(height * width);
  for (let pixel = 0; pixel < values.length; pixel++) {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += Math.abs(map.values[pixel * channels + c]);
    values[pixel] = sum / channels;
  }
  const mean = { shape: [1, height, width, 1], values };
  means.set(map, mean);
  return mean;
}
