/** One cursor through all levels: where the arrows, Enter and Escape lead. */
import { LEVELS, type Place } from '../place.js';
import { type Graph, isEnd } from './graph.js';

type Cursor = Pick<Place, 'layer' | 'channel' | 'y' | 'x'>;

const clamp = (value: number, size: number) => Math.min(Math.max(0, value), size - 1);

/** The place as this network has it: layers that it has not, and numbers beyond its maps, are mended. */
export function within(graph: Graph, place: Cursor): Cursor {
  const layer = isEnd(place.layer) || graph.has(place.layer) ? place.layer : 'conv1/conv';
  const { height, width, channels } = graph.shape(layer);
  return {
    layer,
    channel: clamp(place.channel, channels),
    y: clamp(place.y, height),
    x: clamp(place.x, width),
  };
}

/** The same spot of the picture in the map of another layer. */
export function toLayer(graph: Graph, place: Cursor, layer: string): Cursor {
  const from = graph.shape(within(graph, place).layer);
  const to = graph.shape(layer);
  const scaled = (value: number, before: number, after: number) =>
    Math.floor(((value + 0.5) * after) / before);
  return within(graph, {
    layer,
    channel: place.channel,
    y: scaled(place.y, from.height, to.height),
    x: scaled(place.x, from.width, to.width),
  });
}

export type Key = 'ArrowLeft' | 'ArrowRight' | 'ArrowUp' | 'ArrowDown' | 'PageUp' | 'PageDown';

/** Where an arrow leads at a level: layers and sections, layers and channels, pixels. PageUp and PageDown: channels. */
export function moved(graph: Graph, place: Place, key: Key): Cursor {
  const at = within(graph, place);
  const by = key === 'ArrowLeft' || key === 'ArrowUp' || key === 'PageUp' ? -1 : 1;
  const isSideways = key === 'ArrowLeft' || key === 'ArrowRight';
  const { stations } = graph;
  const layerBy = () => {
    const next = clamp(stations.indexOf(graph.written(at.layer, at.channel).name) + by, stations.length);
    return toLayer(graph, at, stations[next]);
  };
  const channelBy = () => within(graph, { ...at, channel: at.channel + by });
  if (key === 'PageUp' || key === 'PageDown') return channelBy();
  if (place.level === 'network') return isSideways ? layerBy() : sectionBy(graph, at, by);
  if (place.level === 'block') return isSideways ? channelBy() : layerBy();
  return within(graph, isSideways ? { ...at, x: at.x + by } : { ...at, y: at.y + by });
}

/** To the first layer of the section before or behind. */
function sectionBy(graph: Graph, at: Cursor, by: number): Cursor {
  const { sections } = graph;
  const next = sections[clamp(sections.indexOf(graph.sectionOf(at.layer)) + by, sections.length)];
  return toLayer(graph, at, next.layers[0].name);
}

/** One level in or out; the outermost and the innermost stay. */
export function zoomed(level: Place['level'], by: 1 | -1): Place['level'] {
  return LEVELS[clamp(LEVELS.indexOf(level) + by, LEVELS.length)];
}
