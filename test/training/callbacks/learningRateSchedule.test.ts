import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { TOLERANCE, worstDifference } from '../../../src/core/tolerance.js';
import type { StepInfo } from '../../../src/training/callbacks/callback.js';
import { LearningRateSchedule } from '../../../src/training/callbacks/learningRateSchedule.js';
import type { Schedule } from '../../../src/training/schedules/schedule.js';
import { refused } from '../../support/refused.js';
import { logsOf, recorded, replay } from './replay.js';
import { on, TinyTraining } from './tinyTraining.js';

const tiny = new TinyTraining();

/** Trains epochs of two steps by a schedule: the rates of the steps, those of the logs, and the one left at the end. */
async function rates(epochs: number, schedule: Schedule, options?: { per?: 'epoch' | 'step' }) {
  const steps: number[] = [];
  const watch = on('onStep', ({ learningRate }: StepInfo) => void steps.push(learningRate));
  const callbacks = [new LearningRateSchedule(schedule, options), watch];
  const history = await tiny.run({ epochs, callbacks });
  return { steps, logs: history.epochs.map(({ logs }) => logs.lr), left: tiny.model.learningRate };
}

describe('LearningRateSchedule', () => {
  it('sets the rate of every epoch from its number and the rate before, as Keras does', async () => {
    const halving = new LearningRateSchedule((epoch, rate) => (epoch % 3 === 2 ? rate / 2 : rate));
    const { logged } = recorded.learningRateScheduler;
    const replayed = await replay(halving, logsOf(logged));
    expect(worstDifference(replayed.logged, logged, TOLERANCE.f32Small).ratio).toBeLessThanOrEqual(1);
    // Rates of Keras 2.3.1's LearningRateScheduler for `lambda epoch, lr: lr if epoch < 2 else lr / 2`, from 0.01.
    const found = await rates(4, (epoch, rate) => (epoch < 2 ? rate : rate / 2));
    expect(found.logs).toEqual([0.01, 0.01, 0.005, 0.0025]);
    expect(found.steps).toEqual([0.01, 0.01, 0.01, 0.01, 0.005, 0.005, 0.0025, 0.0025]);
    expect(found.left).toBe(0.0025);
  });

  it('sets the rate of every step, so that cosines and cycles can be written', async () => {
    const asked: number[][] = [];
    const cosine: Schedule = (step, rate, count) => {
      asked.push([step, rate, count]);
      return 0.01 * 0.5 * (1 + Math.cos((Math.PI * step) / count));
    };
    const want = Array.from({ length: 6 }, (_, i) => 0.01 * 0.5 * (1 + Math.cos((Math.PI * i) / 6)));
    const found = await rates(3, cosine, { per: 'step' });
    expect(found.steps).toEqual(want);
    expect(found.logs).toEqual([want[1], want[3], want[5]]);
    expect(found.left).toBe(want[5]);
    expect(asked).toEqual(want.map((_, i) => [i, i === 0 ? 0.01 : want[i - 1], 6]));
  });

  it('refuses what is no schedule, and rates that make no sense', async () => {
    await refused(() => new LearningRateSchedule(0.1 as never), UsageError, /schedule is 0.1/);
    await refused(
      () => new LearningRateSchedule(() => 1, { per: 'batch' as never }),
      UsageError,
      /per is 'batch'/,
    );
    for (const rate of [-1, Number.NaN, undefined]) {
      await refused(() => rates(1, () => rate as number), UsageError, /learningRate is /);
    }
  });
});
