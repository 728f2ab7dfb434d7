/**
 * Where somebody is in the explorer, as the address says it: every state is a link. `#explorer?network=toy&level=pixel&
 * layer=conv1%2Fconv&channel=5&pixel=10,11`. What is as it is at first stands in no address.
 */

export const LEVELS = ['network', 'block', 'channel', 'pixel'] as const;
export type Level = (typeof LEVELS)[number];

export const DIRECTIONS = ['forward', 'backward', 'update'] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** The place of one number and how it is looked at; fields that mean nothing at a level are kept for the next. */
export interface Place {
  /** Of tabs.ts. */
  readonly tab: string;
  /** Of networks.ts. */
  readonly network: string;
  /** `phantom1`, or `file` for a picture that only this browser has. */
  readonly image: string;
  readonly level: Level;
  /** Keras' name of the layer that the cursor is on. */
  readonly layer: string;
  readonly channel: number;
  /** Row and column in the layer's map. */
  readonly y: number;
  readonly x: number;
  readonly direction: Direction;
  /** Labels of the loss by their indices, `0+3`; null: those that the picture is drawn with. */
  readonly labels: readonly number[] | null;
  /** The output that is followed. */
  readonly output: number;
  /** `conv1/conv/kernel[0,0,0,5]` */
  readonly weight: string;
  /** Step of the tour, from 1; 0: free play. */
  readonly tour: number;
  /** What else the tabs keep in the address, by names of theirs. */
  readonly more: Readonly<Record<string, string>>;
}

export const START: Place = {
  tab: 'explore',
  network: 'toy',
  image: 'phantom1',
  level: 'network',
  layer: 'conv1/conv',
  channel: 0,
  y: 0,
  x: 0,
  direction: 'forward',
  labels: null,
  output: 0,
  weight: 'conv1/conv/kernel[0,0,0,5]',
  tour: 0,
  more: {},
};

const OWN = new Set([
  ...['tab', 'network', 'image', 'level', 'layer', 'channel', 'pixel', 'direction', 'labels', 'output'],
  ...['weight', 'tour'],
]);

/** @returns what stands behind `#explorer`: '' or `?network=...` */
export function writePlace(place: Place): string {
  const pairs: [string, string][] = [];
  const add = (name: string, value: string | number, usual: string | number) => {
    if (value !== usual) pairs.push([name, String(value)]);
  };
  for (const name of ['tab', 'network', 'image', 'level', 'layer', 'channel'] as const) {
    add(name, place[name], START[name]);
  }
  add('pixel', `${place.y},${place.x}`, `${START.y},${START.x}`);
  add('direction', place.direction, START.direction);
  if (place.labels) pairs.push(['labels', place.labels.join('+')]);
  for (const name of ['output', 'weight', 'tour'] as const) add(name, place[name], START[name]);
  pairs.push(...Object.entries(place.more));
  // Slashes, commas and brackets of names are readable in an address, and allowed behind its #.
  const readable = (text: string) =>
    encodeURIComponent(text).replaceAll(/%(?:2F|2C|5B|5D|2B)/g, decodeURIComponent);
  return pairs.length === 0 ? '' : `?${pairs.map(([name, value]) => `${name}=${readable(value)}`).join('&')}`;
}

/** What an address says; what it says wrongly is as at first. @param hash `#explorer?...` */
export function readPlace(hash: string): Place {
  const query = hash.includes('?') ? hash.slice(hash.indexOf('?') + 1) : '';
  const said = new Map<string, string>();
  for (const pair of query.split('&').filter(Boolean)) {
    const [name, ...value] = pair.split('=');
    said.set(decoded(name), decoded(value.join('=')));
  }
  const text = (name: 'tab' | 'network' | 'image' | 'layer' | 'weight') => said.get(name) || START[name];
  const count = (name: 'channel' | 'output' | 'tour') => wholeOr(said.get(name), START[name]);
  const [y, x] = (said.get('pixel') ?? '').split(',').map((one) => wholeOr(one, 0));
  return {
    tab: text('tab'),
    network: text('network'),
    image: text('image'),
    level: LEVELS.find((level) => level === said.get('level')) ?? START.level,
    layer: text('layer'),
    channel: count('channel'),
    y: y ?? 0,
    x: x ?? 0,
    direction: DIRECTIONS.find((direction) => direction === said.get('direction')) ?? START.direction,
    labels: said.has('labels') ? labelsOf(said.get('labels')!) : null,
    output: count('output'),
    weight: text('weight'),
    tour: count('tour'),
    more: Object.fromEntries([...said].filter(([name]) => !OWN.has(name))),
  };
}

function labelsOf(text: string): number[] {
  const found = text.split('+').filter((one) => /^\d+$/.test(one));
  return [...new Set(found.map(Number))].sort((a, b) => a - b);
}

const wholeOr = (text: string | undefined, otherwise: number) =>
  text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : otherwise;

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
