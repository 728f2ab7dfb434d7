import { describe, expect, it } from 'vitest';
import { compareUpdates, largestDifference } from '../../../bench/peers/judging.js';
import { type Engine, emptyRow } from '../../../bench/peers/peerReport.js';

describe('the largest difference', () => {
  it('is infinite where a number is missing or none', () => {
    expect(largestDifference([1, 2, 3], [1, 2.5, 2])).toBe(1);
    expect(largestDifference([], [])).toBe(0);
    expect(largestDifference([1], [1, 2])).toBe(Number.POSITIVE_INFINITY);
    expect(largestDifference([1, Number.NaN], [1, 2])).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('the losses after one update', () => {
  const runner = (engine: Engine, loss: number) => ({ row: emptyRow(engine), second: Float32Array.of(loss) });

  it('that are not ours make a peer wrong, and are noted beside ours', () => {
    const runners = [runner('chexgpu', 0.5), runner('tfjs-webgpu', 0.5), runner('onnxruntime-cpu', 0.75)];
    compareUpdates(runners);
    expect(runners.map(({ row }) => row.status)).toEqual(['ok', 'ok', 'wrong']);
    expect(runners.map(({ row }) => /after one update differ by 0\.25/.test(row.note))).toEqual([
      true,
      false,
      true,
    ]);
  });

  it('are not judged without ours', () => {
    const runners = [runner('tfjs-webgpu', 0.5), runner('onnxruntime-cpu', 9)];
    compareUpdates(runners);
    expect(runners.map(({ row }) => row.status)).toEqual(['ok', 'ok']);
  });
});
