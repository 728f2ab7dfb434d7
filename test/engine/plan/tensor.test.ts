import { describe, expect, it } from 'vitest';
import { GpuError } from '../../../src/core/errors.js';
import {
  channelSlice,
  channels,
  denseTensor,
  elements,
  imageSlice,
  isVec4,
  partOf,
  pixels,
  requireDense,
  type Tensor,
} from '../../../src/engine/plan/tensor.js';

const storage = { label: 'maps', bytes: 4 * 2 * 3 * 5 * 8, buffer: null, byteOffset: 0 };
const whole = denseTensor(storage, [2, 3, 5, 8]);
/** Where x[b,h,w,c] lies, by the formula in the head of tensor.ts. */
const at = (
  { shape: [, h, w], pixelStride, channelOffset }: Tensor,
  b: number,
  y: number,
  x: number,
  c: number,
) => ((b * h + y) * w + x) * pixelStride + channelOffset + c;

describe('a tensor', () => {
  it('counts its elements, pixels and channels', () => {
    expect([elements(whole.shape), pixels(whole), channels(whole)]).toEqual([240, 30, 8]);
  });

  it('cut by channels or by images lies where it lay', () => {
    const some = channelSlice(whole, 4, 3);
    expect(some.shape).toEqual([2, 3, 5, 3]);
    expect(at(some, 1, 2, 4, 2)).toBe(at(whole, 1, 2, 4, 6));
    const second = imageSlice(some, 1, 1);
    expect(second.shape).toEqual([1, 3, 5, 3]);
    expect(at(second, 0, 2, 4, 2)).toBe(at(whole, 1, 2, 4, 6));
    expect(channelSlice(some, 1, 2).channelOffset).toBe(5);
  });

  it('is not cut beyond its ends', () => {
    expect(() => channelSlice(whole, 6, 3)).toThrow(/channels \[6, 9\) do not lie in maps\[2,3,5,8\]/);
    expect(() => channelSlice(whole, -1, 3)).toThrow(RangeError);
    expect(() => imageSlice(whole, 1, 2)).toThrow(/images \[1, 3\) do not lie in maps/);
  });

  it('knows whether four channels lie side by side everywhere', () => {
    const vec4 = [whole, channelSlice(whole, 4, 4), channelSlice(whole, 2, 4), channelSlice(whole, 0, 3)];
    expect(vec4.map(isVec4)).toEqual([true, true, false, false]);
  });

  it('is dense unless it is a slice', () => {
    expect(() => requireDense('sum', { whole })).not.toThrow();
    const part = channelSlice(whole, 0, 4);
    expect(() => requireDense('sum', { part })).toThrow(GpuError);
    expect(() => requireDense('sum', { part })).toThrow(
      /sum: part must be dense, got a slice of maps\[2,3,5,4\]/,
    );
  });

  it('may lie in a part of a storage', () => {
    expect(partOf(storage, 256, 64)).toEqual({ ...storage, byteOffset: 256, bytes: 64, whole: storage });
  });
});
