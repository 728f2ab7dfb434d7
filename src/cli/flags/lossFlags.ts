/** The flags of the loss: its name, and one per setting of each, read off the registry. */
import { type Command, Option } from 'commander';
import { UsageError } from '../../core/errors.js';
import { LOSSES } from '../../training/losses/index.js';
import type { LossChoice } from '../../training/losses/loss.js';
import { flagOf, numberIn, parser } from './flagText.js';

export interface LossFlags {
  loss: string;
}

const kindsWith = (setting: string) => LOSSES.filter(({ settings }) => Object.hasOwn(settings, setting));

/** Where commander puts the value of a setting: focalGamma for gamma of focal; its own name where losses share it. */
const keyOf = (loss: string, setting: string) =>
  kindsWith(setting).length > 1 ? setting : `${loss}${setting[0].toUpperCase()}${setting.slice(1)}`;

export function addLossOptions(command: Command): Command {
  const help = LOSSES.map((kind) => `${kind.name}: ${kind.help}`).join('; ');
  command.addOption(
    new Option('--loss <name>', `what training minimises; ${help}`)
      .choices(LOSSES.map((kind) => kind.name))
      .default(LOSSES[0].name),
  );
  for (const kind of LOSSES) {
    for (const [name, setting] of Object.entries(kind.settings)) {
      const kinds = kindsWith(name);
      if (kind !== kinds[0]) continue;
      const flag = flagOf(keyOf(kind.name, name));
      const of = kinds.map((one) => one.name).join(' and ');
      const what = `${name} of --loss ${of}: ${setting.help} (default: ${setting.default})`;
      const parse = (text: string) => setting.check(flag, numberIn(text));
      command.addOption(new Option(`${flag} <x>`, what).argParser(parser(parse)));
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
      const key = keyOf(kind.name, name);
      const value = given[key];
      if (value === undefined) continue;
      if (!Object.hasOwn(chosen.settings, name)) {
        throw new UsageError(
          `${flagOf(key)} is a setting of another loss than ${chosen.name}.`,
          `Give --loss ${kindsWith(name)
            .map((one) => one.name)
            .join(' or ')}.`,
        );
      }
      settings[name] = value;
    }
  }
  return { kind: chosen, settings };
}
