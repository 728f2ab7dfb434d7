/** Whole records, byte for byte as TensorFlow's writers make them, and by a reader of the tests' own. */
import { describe, expect, it } from 'vitest';
import { beginRecords, eventRecord } from '../../../src/training/tensorboard/record.js';
import {
  histogramValue,
  imageValue,
  scalarValue,
  sessionEnd,
  sessionStart,
  textValue,
} from '../../../src/training/tensorboard/summaries.js';
import golden from '../../golden/training/tensorboard/tensorboard.json' with { type: 'json' };
import { readEvents } from '../../support/files/eventFile.js';

interface Case {
  kind: string;
  wallTime: number;
  step: number;
  record: string;
  tag?: string;
  value?: number | null;
  values?: number[];
  text?: string;
  width?: number;
  height?: number;
  png?: string;
  hparams?: Record<string, number | string | boolean>;
  group?: string;
  status?: string;
  time?: number;
}

/** What the golden case was made from, by ours. */
function ours(one: Case) {
  const { kind, tag = '', time = 0 } = one;
  if (kind === 'scalar') return scalarValue(tag, one.value ?? Number.NaN);
  if (kind === 'histogram') return histogramValue(tag, Float32Array.from(one.values ?? []));
  if (kind === 'text') return textValue(tag, one.text ?? '');
  if (kind === 'hparams start') return sessionStart(one.hparams ?? {}, time, one.group);
  if (kind === 'hparams end') return sessionEnd(one.status as 'failure', time);
  const { width = 0, height = 0, png = '' } = one;
  return imageValue(tag, { width, height, png: Buffer.from(png, 'base64') });
}

const cases = (golden.records as unknown as Case[]).map((one, i) => ({ ...one, i }));

describe('a record', () => {
  it.each(cases)("is TensorFlow's, byte for byte: $kind ($i)", (one) => {
    const got = eventRecord(one.wallTime, one.step, [ours(one)]);
    expect(Buffer.from(got).toString('hex')).toBe(Buffer.from(one.record, 'base64').toString('hex'));
  });

  it('is of every kind in the golden file', () => {
    const kinds = ['scalar', 'histogram', 'text', 'image', 'hparams start', 'hparams end'];
    expect([...new Set(cases.map(({ kind }) => kind))]).toEqual(kinds);
  });

  it('begins a file with its version, and nothing behind its first step', () => {
    expect(readEvents(Buffer.from(beginRecords(12.5, 7)))).toEqual([
      { wallTime: 12.5, step: 0, version: 'brain.Event:1', values: [] },
      { wallTime: 12.5, step: 8, version: undefined, values: [] },
    ]);
  });

  it('holds several values of one step', () => {
    const bytes = eventRecord(1, 2 ** 40 + 1, [scalarValue('a', 0.5), scalarValue('b', -2)]);
    const [event, ...others] = readEvents(Buffer.from(bytes));
    expect(others).toEqual([]);
    expect(event.step).toBe(2 ** 40 + 1);
    expect(event.values.map(({ tag, numbers }) => [tag, numbers])).toEqual([
      ['a', [0.5]],
      ['b', [-2]],
    ]);
  });
});
