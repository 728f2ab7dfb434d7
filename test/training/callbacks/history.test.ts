import { describe, expect, it } from 'vitest';
import type { History } from '../../../src/training/callbacks/history.js';
import { recordedSource } from '../../support/networks/tinyNet.js';
import { on, TinyTraining } from './tinyTraining.js';

const tiny = new TinyTraining();
const train: TinyTraining['run'] = (...args) => tiny.run(...args);

describe('the history', () => {
  it('has what callbacks write to the logs, wherever they stand in the list', async () => {
    const callbacks = [
      on('onEpoch', ({ epoch, logs }) => {
        logs.val_auc = epoch / 10;
      }),
      on('onEpoch', ({ logs }) => {
        logs.twice = 2 * (logs.val_auc ?? 100);
      }),
    ];
    const history = await train({ epochs: 2, stepsPerEpoch: 1, callbacks });
    expect(history.epochs.map(({ logs }) => [logs.val_auc, logs.twice])).toEqual([
      [0, 0],
      [0.1, 0.2],
    ]);
  });

  it('is its own: what is done to the logs later does not reach it', async () => {
    const kept: { loss: number }[] = [];
    const callbacks = [on('onEpoch', ({ logs }) => void kept.push(logs))];
    const history = await train({ callbacks });
    const { loss } = history.epochs[0].logs;
    kept[0].loss = -1;
    expect(history.epochs[0].logs.loss).toBe(loss);
  });

  it('takes numbers only', async () => {
    for (const wrong of ['0.5', null, undefined]) {
      const write = on('onEpoch', ({ logs }) => {
        logs.val_auc = wrong as unknown as number;
      });
      await expect(train({ callbacks: [write] })).rejects.toThrow(/logs\.val_auc is .*not a number/);
    }
    const drop = on('onEpoch', (info) => {
      info.logs = null as never;
    });
    await expect(train({ callbacks: [drop] })).rejects.toThrow(/logs is null, it must be an object/);
  });

  it('of n epochs and n more is that of 2n; each fit counts from 0', async () => {
    const validation = recordedSource([2, 1]).source;
    const once = await train({ epochs: 4, validation });
    await tiny.reset();
    const first = await train({ epochs: 2, validation });
    const second = await train({ epochs: 2, validation });
    expect([...first.stepLoss, ...second.stepLoss]).toEqual(once.stepLoss);
    const logs = (history: History) => history.epochs.map((epoch) => epoch.logs);
    expect([...logs(first), ...logs(second)]).toEqual(logs(once));
    expect(second.epochs.map(({ epoch }) => epoch)).toEqual([0, 1]);
    expect([first.images, first.stopReason]).toEqual([8, null]);
  });
});
