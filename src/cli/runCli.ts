/** Command line in, exit code out: parses, runs the command, turns every error into one clear line. */
import { Command, CommanderError } from 'commander';
import { OutOfMemoryError } from '../core/errors.js';
import { COMMANDS } from './commands/index.js';
import type { CommandContext } from './session/commandContext.js';
import { withoutPlaces } from './session/publicCommand.js';
import { chexgpuVersion } from './session/versions.js';
import { EXIT_CODES } from './terminal/exitCodes.js';
import { failureOf } from './terminal/failures.js';
import { Interrupts } from './terminal/interrupts.js';
import { Output } from './terminal/output.js';
import { chosenExit, watchTheEnd } from './terminal/processEnd.js';

const CODES_HELP = `
Exit codes: 0 done; 1 a bug in chexgpu; 2 flags; 3 the data; 4 the weights; 5 no adapter; 6 no memory on the GPU;
7 the GPU failed; 8 a number that is not finite; 129, 130, 143 interrupted. Where a part of a command fails after its
main work (a picture, the report), the rest is kept and the code is that part's.

For learning and research only: chexgpu is no medical device.`;

/** Runs one command line (without node and the script). */
export async function runCli(argv: readonly string[]): Promise<number> {
  const out = new Output({ json: argv.includes('--json') });
  const interrupts = new Interrupts(() => sayInterrupted(out, interrupts));
  const commandLine = shellLine(argv);
  const context = {
    out,
    signal: interrupts.signal,
    waitForSaving: () => interrupts.waitForSaving(),
    argv,
    commandLine,
    publicCommandLine: commandLine,
  };
  const flags: string[] = [];
  const failed = (error: unknown) => fail(error, out, interrupts, flags);
  const done = watchTheEnd((why) => failed(new Error(`The command ended without an answer (${why}).`)));
  // Thrown where nobody waits, in a timer or a stream: the work cannot be relied on any more.
  const onStray = (error: unknown): void => chosenExit(failed(error));
  process.on('uncaughtException', onStray);
  try {
    return await parse(argv, context, flags);
  } catch (error) {
    return failed(error);
  } finally {
    process.off('uncaughtException', onStray);
    done();
    out.endProgress();
    interrupts.dispose();
  }
}

/** The context, until the command's flags are known. */
type OpenContext = CommandContext & { publicCommandLine: string };

/** @param flags filled with those that the command takes */
async function parse(argv: readonly string[], context: OpenContext, flags: string[]): Promise<number> {
  let exitCode = 0;
  const done = (code: number) => {
    exitCode = code;
  };
  const program = new Command('chexgpu')
    .description(
      'Trains, runs and explains DenseNet121 on chest X-rays, on WebGPU kernels written by hand.\n' +
        'Start with `chexgpu run`: the whole job on synthetic X-rays.',
    )
    .version(chexgpuVersion(), '--version', 'print the version')
    .helpOption('-h, --help', 'show what a command takes, with examples')
    .helpCommand(false)
    .showSuggestionAfterError()
    .addHelpText('after', CODES_HELP);
  for (const make of COMMANDS) program.addCommand(make(context, done));
  const nested = program.commands.flatMap((command) => command.commands);
  for (const command of [program, ...program.commands, ...nested]) {
    command.exitOverride().configureOutput({ writeErr: () => {}, getOutHelpWidth: () => 110 });
  }
  program.hook('preAction', (_, { options }) => {
    flags.push(...options.map(({ long }) => long ?? ''));
    context.out.flags = flags;
    context.publicCommandLine = shellLine(withoutPlaces(argv, options));
  });
  if (argv.length === 0) {
    process.stderr.write(program.helpInformation());
    return EXIT_CODES.usage;
  }
  await program.parseAsync([...argv], { from: 'user' });
  return exitCode;
}

/** Says what went wrong, on stderr and with --json as the document on stdout. */
function fail(error: unknown, out: Output, interrupts: Interrupts, flags: readonly string[]): number {
  out.endProgress();
  if (interrupts.signal.aborted) return sayInterrupted(out, interrupts);
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    const message = error.message.replace(/^error: /, '');
    return out.failure('usage', `${message} (See --help.)`, EXIT_CODES.usage);
  }
  const { code, message, exitCode } = failureOf(error);
  const text = error instanceof OutOfMemoryError ? withFlags(error, flags) : message;
  return out.failure(code, text, exitCode);
}

function sayInterrupted(out: Output, { exitCode }: Interrupts): number {
  return out.failure('interrupted', 'Interrupted: nothing was left half-written.', exitCode);
}

/** The library speaks of batches and images; here there are flags for them. */
function withFlags({ message, hint }: OutOfMemoryError, flags: readonly string[]): string {
  const useful = ['--batch-size', '--batch', '--size'].filter((flag) => flags.includes(flag));
  return /batches|images/.test(hint) && useful.length > 0 ? `${message} (${useful.join(' or ')})` : message;
}

const shellLine = (words: readonly string[]): string => ['chexgpu', ...words.map(quoted)].join(' ');

/** As one would have to type it in a shell. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
