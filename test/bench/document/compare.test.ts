import { describe, expect, it } from 'vitest';
import { compareDocuments, compareFigures, type Figure } from '../../../bench/document/compare.js';
import { document, KERNELS, MODEL, PEERS, ROW, TIMING } from './documents.js';

describe('a comparison', () => {
  const figure = (value: number, unit: Figure['unit'] = 'ms', noise: number | null = 0): Figure => ({
    section: 'kernels',
    name: 'it',
    value,
    unit,
    noise,
  });

  it('flags what differs beyond the noise, in the right direction', () => {
    const verdict = (a: Figure, b: Figure) => compareFigures(a, b, 0.1).verdict;
    expect(verdict(figure(100), figure(105))).toBe('same');
    expect(verdict(figure(100), figure(120))).toBe('worse');
    expect(verdict(figure(100), figure(80))).toBe('better');
    expect(verdict(figure(100, 'images/s'), figure(80, 'images/s'))).toBe('worse');
    expect(verdict(figure(100, 'GB/s'), figure(120, 'GB/s'))).toBe('better');
    // Noise of either side widens what counts as the same; so does not knowing it.
    expect(verdict(figure(100, 'ms', 0.1), figure(120, 'ms', 0.1))).toBe('same');
    expect(verdict(figure(100, 'ms', null), figure(120, 'ms', null))).toBe('same');
    // Bytes do not scatter.
    expect(verdict(figure(1000, 'bytes'), figure(1002, 'bytes'))).toBe('worse');
    expect(compareFigures(figure(100), figure(120), 0.1)).toMatchObject({ ratio: 1.2, noise: 0.1 });
  });

  it('pairs figures by name, and says what is missing or measured elsewhere', () => {
    const before = document({ kernels: KERNELS, model: { rows: [MODEL], pipeline: [], scaling: null } });
    const slower = {
      ...KERNELS,
      rows: [
        { ...ROW, ms: 3 },
        { ...ROW, variant: 'fresh' },
      ],
    };
    const after = document({ kernels: slower, driver: 'llvmpipe: Mesa 26' });
    const { rows, gone, added, warnings } = compareDocuments(before, after);
    expect(rows.filter(({ verdict }) => verdict !== 'same').map(({ name, ratio }) => [name, ratio])).toEqual([
      ['conv.forward.subgroup [4,8,8,64] 1x1 -> 128', 2],
    ]);
    expect(gone).toEqual(['kernels: conv.forward.naive [4,8,8,64] 1x1 -> 128']);
    expect(added).toEqual(['kernels: conv.forward.fresh [4,8,8,64] 1x1 -> 128']);
    expect(warnings).toEqual(['Another driver: llvmpipe: Mesa 25 before, llvmpipe: Mesa 26 now.']);
  });

  it('takes the peers and the growth too', () => {
    const point = { kind: 'train' as const, batch: 1, size: 64, timing: TIMING, planBytes: 1, skipped: null };
    const fit = { line: null, power: null };
    const series = (['batch', 'size'] as const).map((along) => ({
      kind: 'train' as const,
      along,
      points: [point],
      time: fit,
      memory: fit,
    }));
    const scaling = { network: 'densenet121', budgetMs: 1, maxBytes: 1, series };
    const one = document({ peers: PEERS, model: { rows: [], pipeline: [], scaling } });
    const names = compareDocuments(one, one).rows.map(({ section, name }) => `${section}: ${name}`);
    expect(names).toEqual([
      'peaks: multiply-adds',
      'peaks: copy',
      'scaling: train 1x64',
      'peers: forward 1x224, chexgpu',
      'peers: forward 1x224, onnxruntime-webgpu',
    ]);
  });
});
