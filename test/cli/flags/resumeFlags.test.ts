/** Which command a training goes on with: that of its beginning, and what may change of it. */
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addResumeOptions, type ResumeFlags, resumedFlags } from '../../../src/cli/flags/resumeFlags.js';
import {
  addDataOptions,
  addTrainingOptions,
  type TrainingFlags,
} from '../../../src/cli/flags/sharedFlags.js';
import { UsageError } from '../../../src/core/errors.js';
import { DATA_WORDS } from '../../../src/workflow/training/presets.js';

type Flags = ResumeFlags & TrainingFlags & { data?: string };
const addFlags = (command: Command) =>
  addResumeOptions(addTrainingOptions(addDataOptions(command), DATA_WORDS));
const BEGUN = ['train', '--data', 'xrays', '--learning-rate', '0.01', '--epochs', '3', '--zoom-range', '0.1'];

/** What goes on when these are typed beside --resume. */
const goesOn = (typed: Partial<Flags>) =>
  resumedFlags<Flags>(BEGUN, { resume: 'r', ...typed } as Flags, ['resume', ...Object.keys(typed)], addFlags);

describe('the command of a training that goes on', () => {
  it('is that of its beginning, every value of it', () => {
    const { flags, argv } = goesOn({});
    expect(argv).toEqual(BEGUN);
    expect(flags).toMatchObject({ data: 'xrays', epochs: 3, learningRate: 0.01, seed: 1, check: true });
    expect(flags.resume).toBe('r');
  });

  it('takes over what may change, and remembers it', () => {
    const { flags, argv } = goesOn({ epochs: 9, checkpointEvery: 50, data: '/moved' });
    expect(flags).toMatchObject({ epochs: 9, checkpointEvery: 50, data: '/moved', learningRate: 0.01 });
    expect(argv.slice(BEGUN.length)).toEqual([
      '--epochs',
      '9',
      '--checkpoint-every',
      '50',
      '--data',
      '/moved',
    ]);
    expect(resumedFlags<Flags>(argv, { resume: 'r' } as Flags, ['resume'], addFlags).flags.epochs).toBe(9);
  });

  it('may be said again', () => {
    expect(goesOn({ learningRate: 0.01, check: false }).flags).toMatchObject({
      check: false,
      learningRate: 0.01,
    });
  });

  it.each([
    [{ learningRate: 0.02 }, '--learning-rate'],
    [{ seed: 2 }, '--seed'],
    [{ tune: false }, '--no-tune'],
    [{ horizontalFlip: true }, '--horizontal-flip'],
    [{ batchSize: 4 }, '--batch-size'],
  ])('is not contradicted: %j', (typed, flag) => {
    expect(() => goesOn(typed)).toThrow(UsageError);
    expect(() => goesOn(typed)).toThrow(`${flag} is not what the training was begun with`);
  });

  it('of another version, with flags that this one does not know, is refused', () => {
    const known = () => resumedFlags([...BEGUN, '--yore'], { resume: 'r' }, ['resume'], addFlags);
    expect(known).toThrow("The command of the training is not one of this version: unknown option '--yore'");
  });
});
