/** States as bytes: what comes back, and what is refused. */
import { describe, expect, it } from 'vitest';
import { DataError, UsageError } from '../../src/core/errors.js';
import { packState, unpackState } from '../../src/core/packState.js';
import { type StateValue, stateFields } from '../../src/core/stateValue.js';

const STATE: StateValue = {
  plain: [null, true, 'Zürich', 0.1, { deeper: [] }],
  odd: [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 5e-324],
  floats: Float32Array.of(0.1, Number.NaN, -0),
  doubles: Float64Array.of(1 / 3, Number.MAX_VALUE, 1),
  ints: Int32Array.of(-1, 2 ** 31 - 1),
  words: Uint32Array.of(2 ** 32 - 1),
  empty: new Float32Array(0),
  $array: 'a field of a name like ours',
  nested: { $number: { $object: 1 } },
};

describe('a state', () => {
  it('comes back to the last bit, and packs to equal bytes again', () => {
    const bytes = packState(STATE);
    const back = unpackState(bytes);
    expect(back).toEqual(STATE);
    expect(Object.is((back as { odd: number[] }).odd[3], -0)).toBe(true);
    expect(packState(back)).toEqual(bytes);
  });

  it('is read wherever its bytes lie, and owns its arrays', () => {
    const bytes = packState({ x: Float64Array.of(7) });
    const moved = new Uint8Array(bytes.length + 3);
    moved.set(bytes, 3);
    const back = unpackState(moved.subarray(3)) as { x: Float64Array };
    moved.fill(0);
    expect(back).toEqual({ x: Float64Array.of(7) });
  });

  it('leaves out fields that are undefined', () => {
    expect(unpackState(packState({ a: undefined, b: 1 }))).toEqual({ b: 1 });
  });

  it.each([[new Map()], [() => 1], [new Date(0)], [[undefined]]])('cannot hold %o', (value) => {
    expect(() => packState(value as unknown as StateValue)).toThrow(UsageError);
  });

  it('that is cut anywhere, or is none, is refused', () => {
    const bytes = packState(STATE);
    for (let end = 0; end < bytes.length - 8; end += 5) {
      expect(() => unpackState(bytes.subarray(0, end)), `${end} bytes`).toThrow(DataError);
    }
    expect(() => unpackState(new TextEncoder().encode('{"a":1}'.repeat(9)), 'x.h5')).toThrow(
      'x.h5 is damaged',
    );
  });
});

describe('the fields of a state', () => {
  it('are exactly those that its owner gave', () => {
    expect(stateFields('A', { a: 1, b: null }, ['a', 'b'])).toEqual({ a: 1, b: null });
    expect(() => stateFields('A', { a: 1 }, ['a', 'b'])).toThrow(
      'The state of A lacks b; it must have a, b.',
    );
    expect(() => stateFields('A', { a: 1, c: 2 }, ['a'])).toThrow("has a field 'c'");
    expect(() => stateFields('A', 3, ['a'])).toThrow(UsageError);
  });
});
