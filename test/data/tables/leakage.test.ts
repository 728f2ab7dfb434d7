import { describe, expect, it } from 'vitest';
import {
  checkForLeakage,
  patientLeakage,
  repeatedImages,
  sharedImages,
} from '../../../src/data/tables/leakage.js';

describe('leakage', () => {
  it("equals the notebook's test cases", () => {
    expect(checkForLeakage({ patientIds: [0, 1, 2] }, { patientIds: [2, 3, 4] })).toBe(true);
    expect(checkForLeakage({ patientIds: [0, 1, 2] }, { patientIds: [3, 4, 5] })).toBe(false);
  });

  it('lists patients and counts images of every pair', () => {
    const splits = {
      train: { patientIds: [5, 9, 9, 30, 9] },
      valid: { patientIds: [30, 9, 1] },
      test: { patientIds: [2, 5] },
    };
    expect(patientLeakage(splits)).toEqual([
      { between: ['train', 'valid'], patientIds: ['9', '30'], images: [4, 2] },
      { between: ['train', 'test'], patientIds: ['5'], images: [1, 1] },
      { between: ['valid', 'test'], patientIds: [], images: [0, 0] },
    ]);
  });

  it('finds image names twice in a split and in two splits', () => {
    const a = { images: ['x', 'y', 'x', 'z'] };
    expect(repeatedImages(a)).toEqual(['x']);
    expect(sharedImages({ a, b: { images: ['z', 'x', 'q'] } })).toEqual([
      { between: ['a', 'b'], images: ['x', 'z'] },
    ]);
  });
});
