import { describe, expect, it } from 'vitest';
import { DataError, UsageError } from '../../../src/core/errors.js';
import type { Frame } from '../../../src/data/tables/frame.js';
import { parseImageList, type SplitChoice, splitFrame } from '../../../src/data/tables/nihSplit.js';

/** Patients with two images each; every third is ill. */
const frame: Frame = {
  file: 'table.csv',
  images: Array.from({ length: 60 }, (_, i) => `${i}.png`),
  patientIds: Array.from({ length: 60 }, (_, i) => `${i >> 1}`),
  classes: ['Mass'],
  labels: Uint8Array.from({ length: 60 }, (_, i) => Number((i >> 1) % 3 === 0)),
  lines: Array.from({ length: 60 }, (_, i) => i + 2),
};
const names = (from: number, to: number) => frame.images.slice(from, to);
const lists = (trainVal: readonly string[], test: readonly string[], validShare = 0.2): SplitChoice => ({
  trainVal: { file: 'train_val_list.txt', images: trainVal },
  test: { file: 'test_list.txt', images: test },
  validShare,
});

function expectDisjoint({ train, valid, test }: Record<'train' | 'valid' | 'test', Frame>) {
  const owner = new Map<string, string>();
  for (const [name, { patientIds, images, labels, lines }] of Object.entries({ train, valid, test })) {
    for (const id of patientIds) expect(owner.get(id) ?? name).toBe(name);
    for (const id of patientIds) owner.set(id, name);
    const rows = images.map((image) => Number.parseInt(image, 10));
    // In the table's order, each with what belongs to it.
    expect(rows).toEqual([...rows].sort((a, b) => a - b));
    expect(patientIds).toEqual(rows.map((row) => `${row >> 1}`));
    expect([...labels]).toEqual(rows.map((row) => frame.labels[row]));
    expect(lines).toEqual(rows.map((row) => row + 2));
  }
}

describe('splitFrame', () => {
  it('follows the lists, and takes the validation from the first, by patient', () => {
    const split = splitFrame(frame, lists(names(0, 40).reverse(), names(40, 56)), 1);
    expectDisjoint(split);
    expect(split.test.images).toEqual(names(40, 56));
    expect([split.train.images.length, split.valid.images.length, split.unlisted]).toEqual([32, 8, 4]);
    expect([...split.valid.labels].filter(Boolean)).toHaveLength(2);
  });

  it('divides by shares, the same for the same seed', () => {
    const of = (seed: number) => splitFrame(frame, { shares: [0.6, 0.2, 0.2] }, seed);
    expectDisjoint(of(1));
    expect(Object.values(of(1)).map((part) => (part as Frame).images?.length)).toEqual([
      36,
      12,
      12,
      undefined,
    ]);
    expect(of(1)).toEqual(of(1));
    expect(of(1)).not.toEqual(of(2));
  });

  it.each<[SplitChoice, RegExp]>([
    [
      lists(names(0, 40), ['x.png']),
      /^test_list\.txt: x\.png is not in table\.csv\. Give the lists of that table/,
    ],
    [lists(names(0, 40), names(39, 41)), /^39\.png is in train_val_list\.txt and in test_list\.txt\./],
    [lists([...names(0, 4), '2.png'], names(40, 44)), /^2\.png is twice in train_val_list\.txt\./],
    [lists(names(0, 41), names(41, 60)), /train_val_list\.txt and test_list\.txt share 1 patient \(20\)\./],
  ])('refuses lists that do not fit', (choice, message) => {
    expect(() => splitFrame(frame, choice, 1)).toThrow(DataError);
    expect(() => splitFrame(frame, choice, 1)).toThrow(message);
  });

  it.each([
    ['a share', { shares: [0.6, 0.2, 0.2] } as const],
    ['lists', lists(names(0, 40), names(40, 60))],
  ])('refuses by %s a table with an image of two rows, which may be of two patients', (_, choice) => {
    const images = frame.images.map((image) => (image === '50.png' ? '3.png' : image));
    const error = new DataError(
      'table.csv, lines 5 and 52: both are of 3.png.',
      'Keep one row of each image.',
    );
    expect(() => splitFrame({ ...frame, images }, choice, 1)).toThrow(error);
    const more = images.map((image) => (image === '51.png' ? '4.png' : image));
    expect(() => splitFrame({ ...frame, images: more }, choice, 1)).toThrow(
      /\(2 images are there more than once\)/,
    );
  });

  it.each<[SplitChoice, RegExp]>([
    [{ shares: [0.5, 0.5, 0] }, /The shares 0\.5, 0\.5, 0 do not divide a table/],
    [{ shares: [0.5, 0.5, 0.5] }, /add up to 1/],
    [{ shares: [Number.NaN, 0.5, 0.5] }, /do not divide/],
    [lists(names(0, 40), names(40, 60), 0), /cannot have a share of 0\./],
    [lists(names(0, 40), names(40, 60), 1), /cannot have a share of 1\./],
    [lists(names(0, 40), names(40, 60), 2), /must be from 0 to 1/],
    [lists(names(0, 2), names(40, 60)), /1 patient cannot be divided into 2 splits/],
  ])('refuses shares that make no sense', (choice, message) => {
    expect(() => splitFrame(frame, choice, 1)).toThrow(UsageError);
    expect(() => splitFrame(frame, choice, 1)).toThrow(message);
  });
});

describe('parseImageList', () => {
  it('reads one name per line, whatever ends the lines', () => {
    expect(parseImageList('a.png\r\n b.png \n\nc.png', 'list').images).toEqual(['a.png', 'b.png', 'c.png']);
    expect(() => parseImageList(' \n', 'list.txt')).toThrow('list.txt names no image.');
  });
});
