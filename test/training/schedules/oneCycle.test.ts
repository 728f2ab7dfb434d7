import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { oneCycle } from '../../../src/training/schedules/oneCycle.js';
import { refused } from '../../support/refused.js';

const rates = (count: number, ...of: Parameters<typeof oneCycle>) =>
  Array.from({ length: count }, (_, i) => oneCycle(...of)(i, Number.NaN, count));

describe('oneCycle', () => {
  it('begins at a 25th of the peak, has it after 0.3 of the steps and ends at a 10000th of the first', () => {
    const found = rates(100, 2e-3);
    expect(found[0]).toBeCloseTo(8e-5, 15);
    expect(found[29]).toBeCloseTo(2e-3, 15);
    expect(found[99]).toBeCloseTo(8e-9, 15);
    expect(Math.max(...found)).toBe(found[29]);
    // Halfway up and halfway down.
    expect((found[14] + found[15]) / 2).toBeCloseTo((8e-5 + 2e-3) / 2, 12);
    expect(found[64]).toBeCloseTo((2e-3 + 8e-9) / 2, 15);
  });

  it('takes other shares and divisors', () => {
    const found = rates(10, 1, { warmUp: 0.5, startDivisor: 10, endDivisor: 2 });
    expect(found[0]).toBeCloseTo(0.1, 15);
    expect(found[4]).toBeCloseTo(1, 15);
    expect(found[9]).toBeCloseTo(0.05, 15);
  });

  it('gives a number for trainings of one or two steps', () => {
    for (const count of [1, 2, 3]) for (const rate of rates(count, 1)) expect(rate).toBeGreaterThan(0);
  });

  it('refuses what makes no sense', async () => {
    await refused(() => oneCycle(1, { warmUp: 2 }), UsageError, /warmUp is 2/);
    await refused(() => oneCycle(1, { startDivisor: 0 }), UsageError, /startDivisor is 0/);
  });
});
