/**
 * The values of a training step that somebody recorded (scripts/recordExplorer.mjs), for browsers without WebGPU. Maps
 * and tensors as float32, little-endian, in base64.
 */
import type { InspectedMap, MapKind } from 'chexgpu';
import type { Pixels, RunValues, Update } from './run.js';
import type { AdamRates, LossSettings } from './training.js';

type Stored = Readonly<Record<string, string>>;

type StoredMap = Omit<InspectedMap, 'values' | 'statistics'> & {
  readonly values: string;
  readonly statistics?: object;
};

export interface RecordedDocument {
  /** Adapter and date, in words. */
  readonly recorded: string;
  readonly network: string;
  readonly image: string;
  readonly picture: string;
  readonly names: readonly string[];
  readonly pixels: Pixels;
  readonly labels: readonly number[];
  readonly loss: LossSettings;
  readonly adam: AdamRates;
  readonly maps: readonly StoredMap[];
  readonly weights: Stored;
  readonly after: Stored;
  readonly m: Stored;
  readonly v: Stored;
}

export function packed(values: Float32Array): string {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

export function unpacked(text: string): Float32Array {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return new Float32Array(bytes.buffer);
}

/** Arrays of floats, however deep, as text and back. */
export function packAll(value: unknown): unknown {
  if (value instanceof Float32Array) return { f32: packed(value) };
  if (Array.isArray(value) || value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, packAll(one)]));
}

function unpackAll(value: unknown): unknown {
  if (Array.isArray(value) || value === null || typeof value !== 'object') return value;
  if ('f32' in value) return unpacked(value.f32 as string);
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, unpackAll(one)]));
}

export class RecordedRun implements RunValues {
  readonly pixels: Pixels;
  readonly labels: readonly number[];
  readonly loss: LossSettings;
  readonly adam: AdamRates;

  constructor(private readonly document: RecordedDocument) {
    const { pixels, labels, loss, adam } = document;
    this.pixels = pixels;
    this.labels = labels;
    this.loss = loss;
    this.adam = adam;
  }

  async map(kind: MapKind, name: string): Promise<InspectedMap> {
    const found = this.document.maps.find((one) => one.kind === kind && one.name === name);
    if (!found) throw new Error(`The recorded step has no ${kind} ${name}.`);
    const { values, statistics, ...rest } = found;
    const unpackedStatistics = unpackAll(statistics) as InspectedMap['statistics'];
    return { ...rest, values: unpacked(values), ...(statistics && { statistics: unpackedStatistics }) };
  }

  async weight(key: string): Promise<Float32Array> {
    const found = this.document.weights[key];
    if (!found) throw new Error(`The recorded network has no tensor ${key}.`);
    return unpacked(found);
  }

  async update(): Promise<Update> {
    const all = (stored: Stored) =>
      new Map(Object.entries(stored).map(([key, text]) => [key, unpacked(text)]));
    const { after, m, v } = this.document;
    return { after: all(after), m: all(m), v: all(v) };
  }
}
