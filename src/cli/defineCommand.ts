/** What all commands have in common. */
import { Command } from 'commander';
import { examples, option } from './flags/sharedFlags.js';
import type { CommandContext } from './session/commandContext.js';

/** Builds one command; `done` takes its exit code. */
export type MakeCommand = (context: CommandContext, done: (exitCode: number) => void) => Command;

export interface Definition<Flags> {
  name: string;
  description: string;
  examples: readonly (readonly [command: string, what: string])[];
  /** Adds arguments and flags. */
  flags: (command: Command) => Command;
  /**
   * @param given names of the flags that were typed
   * @returns the exit code, 0 where there is none
   */
  action: (
    context: CommandContext,
    flags: Flags,
    args: readonly string[],
    given: readonly string[],
  ) => Promise<number | undefined>;
}

export function define<Flags extends object>(definition: Definition<Flags>): MakeCommand {
  return (context, done) => {
    const command = new Command(definition.name).description(definition.description);
    definition.flags(command).addOption(option.json()).addHelpText('after', examples(definition.examples));
    command.action(async () => {
      const flags = command.opts<Flags>();
      const given = Object.keys(flags).filter((name) => command.getOptionValueSource(name) === 'cli');
      done((await definition.action(context, flags, command.args, given)) ?? 0);
    });
    return command;
  };
}
