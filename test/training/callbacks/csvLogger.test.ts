import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import type { Logs } from '../../../src/training/callbacks/callback.js';
import { CSVLogger } from '../../../src/training/callbacks/csvLogger.js';
import { refused } from '../../support/refused.js';
import { type Kept, numberOf, recorded, replay } from './replay.js';
import { TinyTraining } from './tinyTraining.js';

const logsFrom = (kept: Record<string, Kept>) =>
  Object.fromEntries(Object.entries(kept).map(([name, value]) => [name, numberOf(value)])) as unknown as Logs;

describe('CSVLogger', () => {
  it.each(recorded.csvLogger)(
    'with $options writes the bytes of tf_keras 2.21',
    async ({ options, logs, text }) => {
      let written = '';
      let last = '';
      const write = async (lines: string, whole: string) => {
        written += lines;
        last = whole;
      };
      const logger = new CSVLogger({ ...options, write });
      // Used again it begins anew; another one goes on from its state.
      for (const one of [logger, logger, () => new CSVLogger({ ...options, write })]) {
        written = '';
        await replay(one, logs.map(logsFrom));
        expect(written).toBe(text);
        expect(last).toBe(text);
      }
    },
  );

  it('refuses what makes no sense', async () => {
    const wrong: [object, RegExp][] = [
      [{ write: 'log.csv' }, /write is 'log.csv', it must be a function/],
      [{ separator: '' }, /separator is ''/],
      [{ separator: '"' }, /separator is '"'/],
      [{ append: 1 }, /append is 1/],
      [{ filename: 'log.csv' }, /have no 'filename'/],
    ];
    for (const [options, message] of wrong) {
      await refused(() => new CSVLogger({ write: () => {}, ...options }), UsageError, message);
    }
  });
});

describe('CSVLogger in a training', () => {
  const tiny = new TinyTraining();

  it('has a row as soon as an epoch is over', async () => {
    const lines: string[] = [];
    const rows: number[] = [];
    const logger = new CSVLogger({ write: (text) => void lines.push(text) });
    const history = await tiny.run({
      epochs: 2,
      callbacks: [logger, { onEpoch: () => void rows.push(lines.length) }],
    });
    expect(rows).toEqual([1, 2]);
    const [first, second] = history.epochs.map(({ logs }) => `${logs.loss},0.01,NA,NA\r\n`);
    expect(lines).toEqual([`epoch,loss,lr,val_loss,val_lr\r\n0,${first}`, `1,${second}`]);
  });
});
