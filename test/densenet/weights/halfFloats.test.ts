import { describe, expect, it } from 'vitest';
import { MT19937 } from '../../../src/core/mt19937.js';
import { fromBfloat16, fromFloat16 } from '../../../src/densenet/weights/halfFloats.js';
import { lostInHalf, toFloat16 } from '../../../src/densenet/weights/inHalf.js';
import golden from '../../golden/torch/half.json' with { type: 'json' };

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

describe('the numbers of NumPy and PyTorch', () => {
  const numbers = new Float32Array(Uint32Array.from(golden.numbers).buffer);

  it('become the same float16', () => {
    expect([...toFloat16(numbers)]).toEqual(golden.float16);
  });

  it('come back from float16 and bfloat16 to the last bit', () => {
    const finite = Uint16Array.from(golden.float16.filter((bits) => (bits & 0x7c00) !== 0x7c00));
    expect(toFloat16(fromFloat16(finite))).toEqual(finite);
    const brains = fromBfloat16(Uint16Array.from(golden.bfloat16));
    expect([...new Uint32Array(brains.buffer)]).toEqual(golden.of_bfloat16);
  });

  it('are counted where float16 makes 0 of them', () => {
    const spec = {
      key: 'a/kernel',
      layer: 'a',
      tensor: 'kernel' as const,
      shape: [1, numbers.length],
      size: numbers.length,
      trainable: true,
    };
    const lost = golden.float16.filter((bits, i) => (bits & 0x7fff) === 0 && numbers[i] !== 0).length;
    expect(lost).toBeGreaterThan(50);
    expect(lostInHalf(new Map([['a/kernel', numbers]]), [spec])).toBe(lost);
    expect(lostInHalf(new Map([['a/kernel', numbers]]), [{ ...spec, shape: [numbers.length] }])).toBe(0);
  });
});
