/** The flags of the loss: its name, and one per setting of each, read off the registry. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { UsageError } from '../../core/errors.js';
import { cellNumber } from '../../data/tables/csvCells.js';
import { LOSSES } from '../../training/losses/index.js';
import type { LossChoice } from '../../training/losses/loss.js';

export interface LossFlags {
  loss: string;
}

/** gamma of focal: `--focal-gamma`, and where commander puts its value. */
function flagOf(loss: string, setting: string): { flag: string; key: string } {
  const dashed = setting.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return { flag: `--${loss}-${dashed}`, key: `${loss}${setting[0].toUpperCase()}${setting.slice(1)}` };
}

export function addLossOptions(command: Command): Command {
  const help = LOSSES.map((kind) => `${kind.name}: ${kind.help}`).join('; ');
  command.addOption(
    new Option('--loss <name>', `what training minimises; ${help}`)
      .choices(LOSSES.map((kind) => kind.name))
      .default(LOSSES[0].name),
  );
  for (const kind of LOSSES) {
    for (const [name, setting] of Object.entries(kind.settings)) {
      const { flag } = flagOf(kind.name, name);
      command.addOption(
        new Option(
          `${flag} <x>`,
          `${name} of --loss ${kind.name}: ${setting.help} (default: ${setting.default})`,
        ).argParser((text) => {
          try {
            return setting.check(flag, cellNumber(text.trim()));
          } catch (error) {
            throw error instanceof UsageError ? new InvalidArgumentError(error.message) : error;
          }
        }),
      );
    }
  }
  return command;
}

/** What the flags ask for. @throws UsageError for a setting of another loss than the chosen one */
export function lossOf(flags: LossFlags): LossChoice {
  const given = { ...flags } as unknown as Readonly<Record<string, number | undefined>>;
  const settings: Record<string, number> = {};
  const chosen = LOSSES.find((kind) => kind.name === flags.loss) ?? LOSSES[0];
  for (const kind of LOSSES) {
    for (const name of Object.keys(kind.settings)) {
      const { flag, key } = flagOf(kind.name, name);
      const value = given[key];
      if (value === undefined) continue;
      if (kind !== chosen) {
        throw new UsageError(
          `${flag} is a setting of another loss than ${chosen.name}.`,
          `Give --loss ${kind.name}.`,
        );
      }
      settings[name] = value;
    }
  }
  return { kind: chosen, settings };
}
