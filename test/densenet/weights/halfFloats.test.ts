import { describe, expect, it } from 'vitest';
import { MT19937 } from '../../../src/core/mt19937.js';
import { fromFloat16, toFloat16 } from '../../../src/densenet/weights/halfFloats.js';

/** Every finite number of binary16 and its bits. */
const BITS = Uint16Array.from({ length: 0x7c00 }, (_, i) => i);
const NUMBERS = fromFloat16(BITS);

describe('toFloat16', () => {
  it('gives every number of binary16 its own bits, of either sign', () => {
    expect(toFloat16(NUMBERS)).toEqual(BITS);
    expect(toFloat16(NUMBERS.map((x) => -x))).toEqual(BITS.map((bits) => bits | 0x8000));
  });

  it('gives the nearest one, and between two the even one', () => {
    const random = new MT19937(3);
    for (let i = 0; i < 2000; i++) {
      const k = Math.floor(random.random() * (NUMBERS.length - 1));
      const [low, high] = [NUMBERS[k], NUMBERS[k + 1]];
      const middle = (low + high) / 2;
      const just = (high - low) / 1000;
      const found = toFloat16(Float32Array.of(middle - just, middle, middle + just));
      expect([...found], `${low} to ${high}`).toEqual([k, k + (k % 2), k + 1]);
    }
  });

  it('has no largest number but infinity, and keeps what is no number', () => {
    expect([...toFloat16(Float32Array.of(65519, 65520, 1e9, Number.POSITIVE_INFINITY))]).toEqual([
      0x7bff, 0x7c00, 0x7c00, 0x7c00,
    ]);
    expect([...toFloat16(Float32Array.of(-1e9))]).toEqual([0xfc00]);
    expect(fromFloat16(toFloat16(Float32Array.of(Number.NaN)))[0]).toBeNaN();
  });
});
