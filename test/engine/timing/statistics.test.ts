import { describe, expect, it } from 'vitest';
import { timingOf } from '../../../src/engine/timing/statistics.js';

describe('samples', () => {
  it('are told by their median and the distance of their quartiles', () => {
    expect(timingOf([30, 10, 20, 40, 50])).toMatchObject({ ms: 30, noise: 10 / 30 });
    expect(timingOf([7])).toMatchObject({ ms: 7, noise: null });
  });
});
