/** The flags of updates, as the table of settings makes them. */
import { Command } from 'commander';
import { expect, it } from 'vitest';
import { addUpdateOptions, type UpdateFlags, updatesOf } from '../../../src/cli/flags/updateFlags.js';
import { UsageError } from '../../../src/core/errors.js';
import { completeUpdates } from '../../../src/training/updates/updateSettings.js';
import { refused } from '../../support/refused.js';

function parsed(...args: string[]): UpdateFlags {
  const command = addUpdateOptions(new Command())
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  return command.parse(args, { from: 'user' }).opts();
}

it('updates are plain where nothing is said, and take each setting', () => {
  expect(updatesOf(parsed())).toEqual(completeUpdates({}));
  expect(updatesOf(parsed('--clip-norm', '1e-2', '--accumulate', '4', '--ema', '0.999'))).toEqual(
    completeUpdates({ clipNorm: 0.01, accumulate: 4, ema: 0.999 }),
  );
  expect(updatesOf(parsed('--ema', '0.9', '--ema-overwrite', '5'))).toEqual(
    completeUpdates({ ema: 0.9, emaOverwrite: 5 }),
  );
  expect(updatesOf(parsed('--clip-variable-norm', '2'))).toEqual(completeUpdates({ clipVariableNorm: 2 }));
  expect(updatesOf(parsed('--clip-value', '0.5'))).toEqual(completeUpdates({ clipValue: 0.5 }));
});

it('updates refuse what makes no sense, by the name of the flag', async () => {
  for (const [flag, value] of [
    ['--clip-norm', '0'],
    ['--clip-variable-norm', '0'],
    ['--clip-value', '-1'],
    ['--accumulate', '0'],
    ['--ema', '1'],
    ['--ema-overwrite', '0'],
  ]) {
    expect(() => parsed(flag, value)).toThrow(flag);
    expect(() => parsed(flag, 'some')).toThrow(`${flag} is 'some'`);
  }
  for (const other of ['--clip-value', '--clip-variable-norm']) {
    await refused(() => updatesOf(parsed('--clip-norm', '1', other, '1')), UsageError, /in one way/);
  }
  await refused(() => updatesOf(parsed('--ema-overwrite', '5')), UsageError, /no average of the weights/);
});
