import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/core/errors.js';
import { ALL_CHECKS } from '../../src/shaders/registry.js';
import { checksOf, operationsOf } from '../../src/verify/checksOf.js';

describe('the name of an operation', () => {
  it('stands for itself, or for all of a folder', () => {
    expect(operationsOf('conv')).toEqual(['conv.forward', 'conv.backwardData', 'conv.backwardWeights']);
    expect(operationsOf('conv.forward')).toEqual(['conv.forward']);
    expect(() => operationsOf('con')).toThrow(UsageError);
  });

  it('finds their cases; every operation has some', () => {
    for (const op of operationsOf(undefined)) expect(checksOf([op]).length, op).toBeGreaterThan(0);
    expect(new Set(checksOf(['conv']).map(({ op }) => op))).toEqual(new Set(operationsOf('conv')));
    expect(checksOf(['con'])).toEqual([]);
    expect(checksOf(undefined)).toEqual(ALL_CHECKS);
  });
});
