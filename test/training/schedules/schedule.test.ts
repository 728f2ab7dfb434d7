/** Every schedule of the registry against the rates that PyTorch's and Keras' own have, step by step. */
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { TOLERANCE, worstDifference } from '../../../src/core/tolerance.js';
import { constantRate, cosineDecay, SCHEDULES, stepDecay } from '../../../src/training/schedules/index.js';
import { golden } from '../../support/golden/parity.js';
import { refused } from '../../support/refused.js';

interface Case {
  name: string;
  peak: number;
  settings: Record<string, number>;
  count: number;
  by: string;
  rates: number[];
}

const file = golden<Record<'torch' | 'keras', { cases: Case[] }>>('training/schedules.json');
const cases = [...file.torch.cases, ...file.keras.cases];

describe('schedules', () => {
  it.each(cases)(
    '$name is $by: peak $peak, $settings, $count steps',
    ({ name, peak, settings, count, rates }) => {
      const kind = SCHEDULES.find((one) => one.name === name)!;
      const schedule = kind.make(peak, settings);
      const found = rates.map((_, i) => schedule(i, Number.NaN, count));
      expect(worstDifference(found, rates, TOLERANCE.f64Exact).ratio).toBeLessThanOrEqual(1);
    },
  );

  it('are all compared', () => {
    expect(new Set(cases.map(({ name }) => name))).toEqual(new Set(SCHEDULES.map(({ name }) => name)));
  });

  it('give a finite rate, never above the peak, for trainings of any length and the edges of their settings', () => {
    for (const kind of SCHEDULES) {
      for (const warmUp of [0, 0.001, 1]) {
        const settings: Record<string, number> = 'warmUp' in kind.settings ? { warmUp } : {};
        const schedule = kind.make(0.5, settings);
        for (const count of [1, 2, 3, 7]) {
          for (let i = 0; i < count; i++) {
            const rate = schedule(i, Number.NaN, count);
            expect(rate >= 0 && rate <= 0.5, `${kind.name} ${warmUp} ${count} ${i}: ${rate}`).toBe(true);
          }
        }
      }
    }
  });

  it('refuse what makes no sense', async () => {
    const wrong: [() => unknown, RegExp][] = [
      [() => cosineDecay(1, { warmUp: 1.5 }), /warmUp is 1.5, it must be from 0 to 1/],
      [() => cosineDecay(1, { finalShare: -1 }), /finalShare is -1/],
      [() => cosineDecay(1, { alpha: 0.1 } as never), /The settings of cosine have no 'alpha'.*finalShare/],
      [() => cosineDecay(Number.NaN), /peak is NaN/],
      [() => stepDecay(1, { drops: 0 }), /drops is 0.*from 1 to 1000/],
      [() => stepDecay(1, { factor: 2 }), /factor is 2/],
      [() => constantRate(1, { startDivisor: 0 }), /startDivisor is 0/],
      [() => constantRate(-1), /peak is -1/],
    ];
    for (const [call, message] of wrong) await refused(call, UsageError, message);
  });
});
