import { describe, expect, it } from 'vitest';
import { fitLine, fitPower } from '../../../bench/model/growthFit.js';

describe('fits', () => {
  it('find a line and a power law', () => {
    const line = [1, 2, 4, 8].map((x) => ({ x, y: 3 + 2 * x }));
    expect(fitLine(line)!.intercept).toBeCloseTo(3, 12);
    expect(fitLine(line)!.slope).toBeCloseTo(2, 12);
    expect(fitLine(line)!.r2).toBeCloseTo(1, 12);
    const power = fitPower([1, 2, 4, 8].map((x) => ({ x, y: 5 * x ** 1.5 })))!;
    expect(power.exponent).toBeCloseTo(1.5, 12);
    expect(power.factor).toBeCloseTo(5, 12);
  });

  it('say how badly they fit', () => {
    const { r2 } = fitLine([1, 2, 3, 4].map((x) => ({ x, y: x % 2 })))!;
    expect(r2).toBeCloseTo(0.2, 12);
  });

  it('give nothing where there is nothing to fit', () => {
    expect(fitLine([{ x: 1, y: 1 }])).toBeNull();
    expect(
      fitLine([
        { x: 1, y: 1 },
        { x: 1, y: 2 },
      ]),
    ).toBeNull();
    expect(
      fitPower([
        { x: 1, y: 1 },
        { x: 2, y: 0 },
      ]),
    ).toBeNull();
  });
});
