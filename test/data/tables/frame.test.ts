import { describe, expect, it } from 'vitest';
import { DataError, UsageError } from '../../../src/core/errors.js';
import {
  checkFrame,
  countKnown,
  countPositives,
  type Frame,
  hasUnknown,
  noLabels,
  selectRows,
} from '../../../src/data/tables/frame.js';

const FRAME: Frame = {
  file: 't.csv',
  images: ['a', 'b', 'c'],
  patientIds: ['1', '1', '2'],
  classes: ['Mass', 'Hernia'],
  labels: Uint8Array.of(1, 0, 1, 1, 0, 0),
  lines: [2, 3, 4],
};

describe('a frame made by hand', () => {
  it('has a label per class and row', () => {
    expect(() => checkFrame(FRAME)).not.toThrow();
    expect(() => checkFrame({ ...FRAME, labels: Float32Array.of(1, Number.NaN, 1, 1, 0, 0) })).not.toThrow();
    const few = { ...FRAME, labels: new Uint8Array(5) };
    expect(() => checkFrame(few)).toThrow(/^t\.csv: 5 labels for 3 images of 2 classes\.$/);
    const wrong = { ...FRAME, labels: Float32Array.of(1, 0, 1, 0.5, 0, 0) };
    expect(() => checkFrame(wrong)).toThrow(DataError);
    expect(() => checkFrame(wrong)).toThrow(/a label of b is 0\.5\. Labels must be 0 or 1/);
  });

  it('has all its parts', () => {
    expect(() => checkFrame(null as unknown as Frame)).toThrow(UsageError);
    expect(() => checkFrame({ ...FRAME, images: 'abc' as unknown as string[] })).toThrow(/images are 'abc'/);
    expect(() => checkFrame({ ...FRAME, labels: {} as Uint8Array })).toThrow(/labels is an Object/);
  });
});

describe('rows', () => {
  it('are taken in the order given, as often as given', () => {
    const rows = selectRows(FRAME, [2, 0, 0]);
    expect(rows).toEqual({
      ...FRAME,
      images: ['c', 'a', 'a'],
      patientIds: ['2', '1', '1'],
      labels: Uint8Array.of(0, 0, 1, 0, 1, 0),
      lines: [4, 2, 2],
    });
    expect(noLabels({ labels: Float32Array.of(1) }, 2)).toEqual(new Float32Array(2));
  });

  it('are counted by class', () => {
    expect([countPositives(FRAME), countKnown(FRAME), hasUnknown(FRAME)]).toEqual([[2, 1], [3, 3], false]);
    const labels = Float32Array.of(1, Number.NaN, 1, 1, 0, 0);
    const masked = { ...FRAME, labels };
    expect([countPositives(masked), countKnown(masked), hasUnknown(masked)]).toEqual([[2, 1], [3, 2], true]);
  });
});
