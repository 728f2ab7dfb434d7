/** The flags of what becomes of gradients and weights whatever the optimizer is: one per setting. */
import { type Command, Option } from 'commander';
import {
  checkUpdates,
  completeUpdates,
  UPDATE_SETTINGS,
  type UpdateSettings,
} from '../../training/updates/updateSettings.js';
import { flagOf, numberIn, parser } from './flagText.js';

export type UpdateFlags = Partial<UpdateSettings>;

export function addUpdateOptions(command: Command): Command {
  for (const [name, setting] of Object.entries(UPDATE_SETTINGS)) {
    const fallback = setting.default === 1 ? '1' : 'off';
    const parse = (text: string) => setting.check(flagOf(name), numberIn(text));
    command.addOption(
      new Option(`${flagOf(name)} <n>`, `${setting.help} (default: ${fallback})`).argParser(parser(parse)),
    );
  }
  return command;
}

/** What the flags ask for. @throws UsageError for both ways to clip */
export const updatesOf = (flags: UpdateFlags): UpdateSettings => completeUpdates(checkUpdates(flags));
