/** Flags of a training that is kept while it runs, and goes on. */
import { Command, CommanderError, Option } from 'commander';
import { UsageError } from '../../core/errors.js';
import { wholeNumber } from './sharedFlags.js';

export interface ResumeFlags {
  resume?: string;
  checkpointEvery?: number;
}

export function addResumeOptions(command: Command): Command {
  return command
    .option(
      '--resume <run>',
      'go on with a training that was stopped, to the same bits: a name in runs/ or a folder with a checkpoint.h5',
    )
    .addOption(
      new Option(
        '--checkpoint-every <n>',
        'keep what a training goes on from (checkpoint.h5) after every so many steps too (default: after every ' +
          'epoch, and on Ctrl-C)',
      ).argParser(wholeNumber(1)),
    );
}

/** Where the data lie. The bits are those of the data, wherever they are. */
export const PLACES = ['data', 'trainCsv', 'validCsv', 'testCsv', 'images'] as const;

/** What of the command may be another one when a training goes on; it is remembered from then on. */
const MAY_CHANGE = ['epochs', 'checkpointEvery', 'workers', 'imageCache', ...PLACES];

/** What concerns this process alone. */
const OWN = ['resume', 'json', 'check', 'refuseLeakage'];

/** A flag as it was typed. */
function dashed(name: string, value: unknown): string {
  const words = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return `--${value === false ? 'no-' : ''}${words}`;
}

/**
 * The command of a training that goes on: that of its beginning, with what was typed now and may change.
 * @param argv words of the first command, its name before them
 * @param typed flags of this command; `given` those of them that were really typed
 * @param addFlags gives a command its flags
 * @throws UsageError naming a flag that contradicts
 */
export function resumedFlags<Flags extends ResumeFlags>(
  argv: readonly string[],
  typed: Flags,
  given: readonly string[],
  addFlags: (command: Command) => Command,
): { flags: Flags; argv: string[] } {
  const values = typed as Record<string, unknown>;
  const before = parsed<Flags>(argv, addFlags) as Record<string, unknown>;
  for (const name of given) {
    if ([...MAY_CHANGE, ...OWN].includes(name)) continue;
    if (JSON.stringify(values[name]) === JSON.stringify(before[name])) continue;
    throw new UsageError(
      `${dashed(name, values[name])} is not what the training was begun with, and --resume goes on with that.`,
      `Leave it out; or begin another training from its weights, with --weights.`,
    );
  }
  const changed = given.filter((name) => MAY_CHANGE.includes(name));
  const words = [...argv, ...changed.flatMap((name) => [dashed(name, values[name]), String(values[name])])];
  const own = Object.fromEntries(
    given.filter((name) => OWN.includes(name)).map((name) => [name, values[name]]),
  );
  return { flags: { ...parsed<Flags>(words, addFlags), ...own }, argv: words };
}

/** @throws UsageError for words that this version does not know */
function parsed<Flags>(argv: readonly string[], addFlags: (command: Command) => Command): Flags {
  const quiet = { writeErr: () => {}, writeOut: () => {} };
  const command = addFlags(new Command(argv[0])).exitOverride().configureOutput(quiet);
  try {
    return command.parse(argv.slice(1), { from: 'user' }).opts() as Flags;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    throw new UsageError(
      `The command of the training is not one of this version: ${error.message.replace(/^error: /, '')}`,
      'Go on with the version that began it.',
    );
  }
}
