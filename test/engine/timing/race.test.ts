import { describe, expect, it } from 'vitest';
import { fixedTensor, type Plan, PlanBuilder } from '../../../src/engine/plan/plan.js';
import { bestOf, racePlans } from '../../../src/engine/timing/race.js';
import { repeated, repeatedTimes } from '../../../src/engine/timing/repeatRuns.js';
import { testGpu } from '../../support/gpu/testGpu.js';
import { OP, triple } from '../../support/gpu/tunedOp.js';

const gpu = await testGpu();

/** The same work in 1 turn, and in 64, which takes some 40 times as long. */
async function withPlans(work: (quick: Plan, slow: Plan) => Promise<void>): Promise<void> {
  const count = 1 << 16;
  const [x, y] = await gpu.guarded('tensors', () =>
    ['x', 'y'].map((name) => fixedTensor(gpu, name, [1, 1, 1, count])),
  );
  const made: Plan[] = [];
  try {
    for (const name of ['quick TURNS=1', 'slow TURNS=64']) {
      const builder = new PlanBuilder(gpu, name, { variants: { [OP]: name } });
      triple(builder, { x, y });
      made.push(await builder.build());
    }
    await work(made[0], made[1]);
  } finally {
    for (const plan of made) plan.dispose();
    for (const { storage } of [x, y]) gpu.destroyBuffer(storage.buffer!);
  }
}

describe('a race of plans', () => {
  it('gives everybody a sample per round', () =>
    withPlans(async (quick, slow) => {
      const rounds: number[] = [];
      const times = await racePlans(gpu, [slow, quick], {
        rounds: 3,
        sampleMs: 1,
        onRound: (round) => rounds.push(round),
      });
      expect(rounds).toEqual([1, 2, 3]);
      expect(times.map(({ samples }) => samples.length)).toEqual([3, 3]);
      for (const { warmUp, samples } of times) {
        expect(warmUp).toBeGreaterThan(0);
        expect(Math.min(...samples)).toBeGreaterThan(0);
      }
      expect(bestOf({ warmUp: 5, samples: [3, 2, 4] })).toBe(2);
      expect(bestOf({ warmUp: 5, samples: [] })).toBe(5);
    }));

  it('for the fastest drops those without hope, and ends when one is left', () =>
    withPlans(async (quick, slow) => {
      // A factor of 0 leaves nobody but by a tie: the race is over after the warm-up.
      const none = await racePlans(gpu, [quick, slow], { rounds: 3, sampleMs: 1, hopeless: [0, 0, 0, 0] });
      expect(none.map(({ samples }) => samples.length)).toEqual([0, 0]);
      const one = await racePlans(gpu, [quick, slow], { rounds: 3, sampleMs: 1, hopeless: [1e9, 1] });
      expect(one.map(({ samples }) => samples.length)).toEqual([1, 1]);
    }));

  it('ends between two rounds when it is told to', () =>
    withPlans(async (quick, slow) => {
      const controller = new AbortController();
      const race = racePlans(gpu, [quick, slow], {
        rounds: 9,
        sampleMs: 1,
        signal: controller.signal,
        onRound: (round) => round === 2 && controller.abort(new Error('enough')),
      });
      await expect(race).rejects.toThrow('enough');
    }));

  it('of nobody is over at once', async () => {
    expect(await racePlans(gpu, [], { rounds: 3, sampleMs: 1 })).toEqual([]);
  });
});

describe('something repeated', () => {
  const counting = () => {
    let runs = 0;
    return async () => ++runs;
  };

  it('runs once to warm up, unless it is warm', async () => {
    const done: number[] = [];
    expect(await repeated(counting(), { count: 3, onDone: (n) => done.push(n) })).toEqual([2, 3, 4]);
    expect(done).toEqual([1, 2, 3]);
    expect(await repeated(counting(), { count: 3, warm: true })).toEqual([1, 2, 3]);
  });

  it('counts the first run where there is no time for another', async () => {
    expect(await repeated(counting(), { count: 3, budgetMs: 0 })).toEqual([1]);
    const timing = await repeatedTimes(async () => {}, { count: 4 });
    expect(timing.samples).toHaveLength(4);
  });
});
