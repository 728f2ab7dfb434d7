/** The flags of callbacks. */
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import {
  addCallbackOptions,
  type CallbackFlags,
  callbacksOf,
  checkpointsOf,
} from '../../../src/cli/flags/callbackFlags.js';
import { UsageError } from '../../../src/core/errors.js';
import { CALLBACK_KINDS } from '../../../src/workflow/training/callbacks/index.js';
import { refused } from '../../support/refused.js';

function parsed(...args: string[]): CallbackFlags {
  const command = addCallbackOptions(new Command())
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  return command.parse(args, { from: 'user' }).opts();
}

describe('the flags', () => {
  it('ask for nothing where nothing is said', () => {
    expect(callbacksOf(parsed())).toEqual({ chosen: [] });
  });

  it('ask for every callback, with all settings', () => {
    const line =
      '--monitor val_auc --early-stopping 3 --early-stopping-delta 0.01 --early-stopping-baseline -0.5 ' +
      '--early-stopping-from 4 --reduce-lr 2 --reduce-lr-factor 0.5 --reduce-lr-delta 0 --reduce-lr-cooldown 1 ' +
      '--reduce-lr-min 1e-6 --save-best top.h5 --save-epochs {epoch:03d}-{val_auc:.2f}.hdf5 --save-optimizer ' +
      '--csv-log --terminate-on-nan';
    const choices = callbacksOf(parsed(...line.split(' ')));
    expect([choices.monitor, choices.saveOptimizer]).toEqual(['val_auc', true]);
    const chosen = (choices.chosen ?? []).map(({ kind, settings, file }) => [kind.name, settings, file]);
    expect(chosen).toEqual([
      ['reduceLr', { patience: 2, factor: 0.5, delta: 0, cooldown: 1, min: 1e-6 }, undefined],
      ['earlyStopping', { patience: 3, delta: 0.01, baseline: -0.5, from: 4 }, undefined],
      ['terminateOnNan', {}, undefined],
      ['csvLog', {}, undefined],
      ['saveEpochs', {}, '{epoch:03d}-{val_auc:.2f}.hdf5'],
      ['saveBest', {}, 'top.h5'],
    ]);
    expect(chosen.map(([name]) => name)).toEqual(CALLBACK_KINDS.map(({ name }) => name));
    // The one at the end, the best and those of four epochs, each of three times the weights.
    expect(checkpointsOf(choices, 4)).toBe(1 + 5 * 3);
    expect(checkpointsOf({})).toBe(1);
  });

  it('have names for files where none is given', () => {
    const { chosen = [] } = callbacksOf(parsed('--save-best', '--save-epochs'));
    expect(chosen.map(({ file }) => file)).toEqual(['epoch-{epoch:02d}.h5', 'best.h5']);
  });

  it.each([
    ['--early-stopping 0', /--early-stopping is 0.*whole number/],
    ['--early-stopping soon', /--early-stopping is 'soon'/],
    ['--early-stopping-from 0', /--early-stopping-from is 0/],
    ['--reduce-lr-factor 1', /--reduce-lr-factor is 1, it must be from 0 to below 1/],
    ['--reduce-lr-min -1', /--reduce-lr-min is -1/],
    ['--save-best ../best.h5', /"\.\.\/best\.h5" is no name for a file.*no folders/],
    ['--save-best best', /best ends in none of/],
    ['--save-best weights.h5', /has the weights at the end/],
    ['--save-epochs Checkpoint.h5', /Checkpoint\.h5 is what --resume goes on from/],
    ['--save-epochs {epoch:04x}.h5', /':04x' is no format/],
    ['--save-epochs {epoch.h5', /a brace has no other one/],
    ['--save-epochs {val_loss:d}.h5', /val_loss is no whole number/],
  ])('refuse %s', (line, message) => {
    expect(() => parsed(...line.split(' '))).toThrow(message);
  });

  it.each([
    ['--early-stopping-delta 0.1', /--early-stopping-delta is a setting of --early-stopping/],
    ['--reduce-lr-cooldown 1 --early-stopping 2', /--reduce-lr-cooldown is a setting of --reduce-lr/],
    ['--monitor val_auc --csv-log', /Nothing goes by --monitor/],
    ['--save-optimizer', /saves nothing by itself/],
    ['--save-optimizer --save-best a.npz', /a\.npz has no place for the optimizer/],
    ['--save-best a.h5 --save-epochs a.h5', /both write a\.h5/],
    ['--save-best a.h5 --save-epochs A.h5', /both write a\.h5/i],
  ])('refuse %s, which is not whole', async (line, message) => {
    await refused(() => callbacksOf(parsed(...line.split(' '))), UsageError, message);
  });

  it('refuse an optimizer beside weights that are not its own', async () => {
    const flags = { ...parsed('--save-best', '--save-optimizer'), ema: 0.99 };
    await refused(() => callbacksOf(flags), UsageError, /With --ema the files hold the averaged weights/);
    callbacksOf({ ...flags, ema: 0 });
  });

  it('refuse a rate that falls beside a schedule', async () => {
    const flags = { ...parsed('--reduce-lr', '2'), schedule: 'cosine' };
    await refused(() => callbacksOf(flags), UsageError, /--schedule cosine sets the rate of every step/);
  });
});
