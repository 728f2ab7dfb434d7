import { describe, expect, it, vi } from 'vitest';
import type { GpuInfo } from '../../../src/engine/device/gpuInfo.js';
import { kernels } from '../../../src/engine/plan/kernel.js';
import { describeDeviation, fastest, pieces } from '../../../src/engine/tuning/measureChoices.js';
import { SHIPPED } from '../../../src/engine/tuning/shipped/index.js';
import {
  kernelsFingerprint,
  readTuning,
  shippedFor,
  type TuningEntry,
  type TuningIdentity,
  TuningTable,
  tuningDocument,
} from '../../../src/engine/tuning/tuningTable.js';

const entry = (key: string, choice: string, op = 'conv.forward'): TuningEntry => ({ op, key, choice, ms: 1 });

describe('a tuning table', () => {
  it('knows the classes it was given, by operation and key', () => {
    const table = new TuningTable([entry('1x1 k64', 'a'), entry('1x1 k64', 'b', 'conv.backwardData')]);
    expect(table.best('conv.forward', '1x1 k64')).toBe('a');
    expect(table.best('conv.backwardData', '1x1 k64')).toBe('b');
    expect(table.best('conv.forward', '1x1 k6')).toBeUndefined();
    expect(table.best('conv', '1x1 k64')).toBeUndefined();
  });

  it('takes wildcards for any characters, everything else literally, and the very class before them', () => {
    const table = new TuningTable([
      entry('1x1 k* n128 m*', 'wide'),
      entry('1x1 *', 'any'),
      entry('1x1 k64 n128 m9', 'exact'),
      entry('3.3 (k*)', 'odd'),
    ]);
    expect(table.best('conv.forward', '1x1 k64 n128 m9')).toBe('exact');
    expect(table.best('conv.forward', '1x1 k64 n128 m10')).toBe('wide');
    expect(table.best('conv.forward', '1x1 k64 n32 m10')).toBe('any');
    expect(table.best('conv.forward', '3x3 k64')).toBeUndefined();
    expect(table.best('conv.forward', '3.3 (k64)')).toBe('odd');
    expect(table.best('conv.forward', '3x3 (k64)')).toBeUndefined();
    expect(table.best('conv.forward', 'a 1x1 k64')).toBeUndefined();
  });

  it('matches wildcards as a search over all ways would', () => {
    const letters = ['a', 'b', '*'];
    const words = (length: number): string[] =>
      length === 0 ? [''] : words(length - 1).flatMap((word) => letters.map((letter) => word + letter));
    for (const pattern of [1, 2, 3, 4].flatMap(words).filter((word) => word.includes('*'))) {
      const table = new TuningTable([entry(pattern, 'found')]);
      const wanted = new RegExp(`^${pattern.replaceAll('*', '.*')}$`);
      for (const key of [0, 1, 2, 3, 4].flatMap(words).filter((word) => !word.includes('*'))) {
        const got = table.best('conv.forward', key) === 'found';
        expect({ pattern, key, got }).toEqual({ pattern, key, got: wanted.test(key) });
      }
    }
  });

  it('searches for each part of a pattern once, whatever the pattern', () => {
    const search = vi.spyOn(String.prototype, 'indexOf');
    const cases: [string, boolean][] = [
      ['*1'.repeat(12), false],
      [`${'*1'.repeat(500)}x`, false],
      ['1*'.repeat(1000), true],
      ['*'.repeat(1000), true],
    ];
    for (const [pattern, found] of cases) {
      const table = new TuningTable([entry(pattern, 'found')]);
      search.mockClear();
      const best = table.best('conv.forward', `${'1'.repeat(5000)} no`);
      const searches = search.mock.calls.length;
      expect(best).toBe(found ? 'found' : undefined);
      expect(searches).toBeLessThanOrEqual(pattern.split('*').length);
    }
    search.mockRestore();
  });

  it('lets later entries take the place of earlier ones', () => {
    const table = new TuningTable([entry('a', 'old'), entry('b*', 'old')]);
    table.merge([entry('a', 'new'), entry('b*', 'new'), entry('c', 'new')]);
    expect(table.entries.map(({ key, choice }) => [key, choice])).toEqual([
      ['a', 'new'],
      ['c', 'new'],
      ['b*', 'new'],
    ]);
    expect(table.best('conv.forward', 'bcd')).toBe('new');
  });
});

describe('the fastest choice', () => {
  it('is the default unless another is clearly faster', () => {
    expect(fastest([['standard', 1]])).toBe('standard');
    expect(
      fastest([
        ['standard', 1],
        ['other', 0.96],
      ]),
    ).toBe('standard');
    expect(
      fastest([
        ['standard', 1],
        ['other', 0.94],
      ]),
    ).toBe('other');
    expect(
      fastest([
        ['standard', 1],
        ['other', 0.94],
        ['third', 0.93],
      ]),
    ).toBe('third');
    expect(
      fastest([
        ['standard', 1],
        ['other', 2],
      ]),
    ).toBe('standard');
  });
});

describe('comparing outputs', () => {
  const floats = (...values: number[]) => [Float32Array.from(values)];

  it('allows for rounding, in proportion to the size of the sums', () => {
    expect(describeDeviation(floats(1, -1), floats(1.00002, -1))).toBeNull();
    expect(describeDeviation(floats(1, -1), floats(1.001, -1))).toMatch(
      /wrong numbers: 1 where another gives 1.00/,
    );
    expect(describeDeviation(floats(1000, 0.05), floats(1000, 0.04))).toBeNull();
    expect(describeDeviation(floats(1, 0.05), floats(1, 0.04))).toMatch(/wrong numbers/);
  });

  it('never takes a number that is not finite', () => {
    expect(describeDeviation(floats(Number.NaN), floats(1))).toMatch(/wrong/);
    expect(describeDeviation(floats(1), floats(Number.NaN))).toMatch(/wrong/);
    expect(describeDeviation(floats(Number.NaN), floats(Number.NaN))).toMatch(/wrong/);
    expect(describeDeviation(floats(Number.POSITIVE_INFINITY), floats(1))).toMatch(/wrong/);
  });

  it('takes the first and the last byte of a large buffer, and bounded much', () => {
    expect(pieces(4096)).toEqual([[0, 4096]]);
    const bytes = 300 * 2 ** 20 + 4;
    const parts = pieces(bytes);
    expect(parts[0][0]).toBe(0);
    expect(parts.at(-1)![0] + parts.at(-1)![1]).toBe(bytes);
    expect(parts.reduce((sum, [, size]) => sum + size, 0)).toBeLessThanOrEqual(2 ** 20);
    expect(parts.every(([offset, size]) => offset % 4 === 0 && offset + size <= bytes)).toBe(true);
  });
});

describe('a kept table', () => {
  const identity: TuningIdentity = {
    adapter: {
      vendor: 'v',
      architecture: 'a',
      device: '0x1',
      description: 'driver 1',
      subgroups: '32 to 32',
    },
    runtime: 'webgpu 1',
    kernels: 'abc',
  };
  const document = tuningDocument(
    identity,
    new TuningTable([entry('a', 'x'), { ...entry('b', 'y'), ms: null }]),
  );
  const kept = (changes: object): unknown => ({ ...JSON.parse(JSON.stringify(document)), ...changes });

  it('comes back as it was', () => {
    expect(readTuning(kept({}), identity)).toEqual(document.entries);
  });

  it('is refused for another driver, device, WebGPU implementation, kernels or format', () => {
    const other = (name: string, value: string) => ({ ...identity.adapter, [name]: value });
    expect(readTuning(kept({ adapter: other('description', 'driver 2') }), identity)).toBe('foreign');
    expect(readTuning(kept({ adapter: other('device', '0x2') }), identity)).toBe('foreign');
    expect(readTuning(kept({ runtime: 'webgpu 2' }), identity)).toBe('outdated');
    expect(readTuning(kept({ kernels: 'abd' }), identity)).toBe('outdated');
    expect(readTuning(kept({ version: 2 }), identity)).toBe('outdated');
  });

  it('is refused where it is not what we write', () => {
    for (const wrong of [3, 'x', [], {}, { entries: [] }])
      expect(readTuning(wrong, identity)).toBe('damaged');
    expect(readTuning(null, identity)).toBe('damaged');
    expect(readTuning(kept({ adapter: null }), identity)).toBe('foreign');
    expect(readTuning(kept({ entries: null }), identity)).toBe('damaged');
    for (const bad of [
      null,
      { op: 'a', key: 'b' },
      { ...entry('a', ''), ms: 1 },
      { ...entry('a', 'x'), ms: '1' },
    ]) {
      expect(readTuning(kept({ entries: [entry('a', 'x'), bad] }), identity)).toBe('damaged');
    }
  });

  it('is of other kernels when one letter of one source changes', () => {
    const some = (text: string) => Object.values(kernels('op', { a: 'fn main() {}', b: text }));
    expect(kernelsFingerprint(some('x'))).toBe(kernelsFingerprint(some('x')));
    const all = ['x', 'y', 'xx', '', 'x '].map((text) => kernelsFingerprint(some(text)));
    expect(new Set(all).size).toBe(all.length);
    expect(all.every((hash) => /^[0-9a-f]{16}$/.test(hash))).toBe(true);
  });
});

describe('shipped tables', () => {
  const info = (description: string, subgroupMaxSize: number): GpuInfo => ({
    kind: 'software',
    vendor: 'maker',
    architecture: '',
    description,
    features: [],
    subgroupMinSize: subgroupMaxSize,
    subgroupMaxSize,
  });
  const tables = [
    { adapter: /soft-one/i, subgroups: 4, entries: [entry('1x1 *', 'four')] },
    { adapter: /soft-one/i, subgroups: 0, entries: [entry('1x1 *', 'any')] },
    { adapter: /soft-two/i, subgroups: 8, entries: [] },
  ];

  it('are found by the adapter and the size of its subgroups', () => {
    expect(shippedFor(tables, info('Soft-One 3.1', 4))?.best('conv.forward', '1x1 k3')).toBe('four');
    expect(shippedFor(tables, info('Soft-One 3.1', 8))?.best('conv.forward', '1x1 k3')).toBe('any');
    expect(shippedFor(tables, info('Soft-Two', 8))).toBeNull();
    expect(shippedFor(tables, info('Other', 4))).toBeNull();
  });

  it('are copies, so that what one Gpu learns stays with it', () => {
    shippedFor(tables, info('soft-one', 4))!.merge([entry('1x1 k3', 'learnt')]);
    expect(shippedFor(tables, info('soft-one', 4))!.best('conv.forward', '1x1 k3')).toBe('four');
  });

  it('hold entries that can be read', () => {
    for (const { entries } of SHIPPED) {
      for (const { op, key, choice } of entries) {
        expect([op, key, choice].every((word) => typeof word === 'string' && word !== '')).toBe(true);
      }
    }
  });
});
