/** Flags of several commands. */
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addDataOptions } from '../../../src/cli/flags/sharedFlags.js';

function parsed(...args: string[]) {
  const command = addDataOptions(new Command())
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  return command.parse(args, { from: 'user' }).opts();
}

describe('--unknown-labels', () => {
  it('takes what cells hold, and a word for empty ones', () => {
    expect(parsed('--unknown-labels', 'empty, -1').unknownLabels).toEqual(['', '-1']);
  });

  it('refuses a label by the name of the flag', () => {
    expect(() => parsed('--unknown-labels', '-1,0')).toThrow(/--unknown-labels has "0", which is a label/);
  });
});
