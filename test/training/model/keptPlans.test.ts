import { describe, expect, it } from 'vitest';
import type { BatchShape } from '../../../src/training/batch.js';
import { KeptPlans } from '../../../src/training/model/keptPlans.js';

const shape = (count: number): BatchShape => ({ count, height: 32, width: 32 });

/** Plans for one count each; `gone` lists those that were let go. */
function plans() {
  const kept = new KeptPlans<{ count: number; fits(shape: BatchShape): boolean; dispose(): void }>();
  const [made, gone]: [number[], number[]] = [[], []];
  const want = (count: number) =>
    kept.for(shape(count), async () => {
      made.push(count);
      return { count, fits: (other) => other.count === count, dispose: () => gone.push(count) };
    });
  return { kept, made, gone, want };
}

describe('plans of a model', () => {
  it('are made once and kept, three of them; the one used longest ago goes first', async () => {
    const { made, gone, want } = plans();
    for (const count of [1, 2, 3, 1, 2]) expect((await want(count)).count).toBe(count);
    expect([made, gone]).toEqual([[1, 2, 3], []]);
    await want(4);
    expect(gone).toEqual([3]);
    await want(3);
    expect([made, gone]).toEqual([
      [1, 2, 3, 4, 3],
      [3, 1],
    ]);
  });

  it('go all at once, each once', async () => {
    const { kept, gone, want } = plans();
    for (const count of [1, 2]) await want(count);
    kept.clear();
    kept.clear();
    expect(gone).toEqual([1, 2]);
  });

  it('stay as they are when one that is to be made fails', async () => {
    const { kept, made, want } = plans();
    await want(1);
    const failure = new Error('no memory');
    await expect(kept.for(shape(2), () => Promise.reject(failure))).rejects.toBe(failure);
    await want(1);
    expect(made).toEqual([1]);
  });
});
