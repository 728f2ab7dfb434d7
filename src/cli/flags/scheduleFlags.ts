/** The flags of the learning rate's schedule: its name, and one per setting of each, read off the registry. */
import { type Command, Option } from 'commander';
import { UsageError } from '../../core/errors.js';
import { SCHEDULES } from '../../training/schedules/index.js';
import type { ScheduleChoice } from '../../training/schedules/schedule.js';
import { flagOf, numberIn, parser } from './flagText.js';

export interface ScheduleFlags {
  schedule?: string;
}

/** `oneCycleWarmUp` for warmUp of one-cycle. */
const keyOf = (schedule: string, setting: string) =>
  `${schedule}-${setting}`.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

export function addScheduleOptions(command: Command): Command {
  const help = SCHEDULES.map((kind) => `${kind.name}: ${kind.help}`).join('; ');
  command.addOption(
    new Option(
      '--schedule <name>',
      `how the learning rate goes from step to step; ${help} (default: as it is)`,
    ).choices(SCHEDULES.map((kind) => kind.name)),
  );
  for (const kind of SCHEDULES) {
    for (const [name, setting] of Object.entries(kind.settings)) {
      const flag = flagOf(keyOf(kind.name, name));
      const what = `${setting.help} (default: ${setting.default})`;
      const parse = (text: string) => setting.check(flag, numberIn(text));
      command.addOption(new Option(`${flag} <x>`, what).argParser(parser(parse)));
    }
  }
  return command;
}

/** What the flags ask for. @throws UsageError for a setting of another schedule than the chosen one */
export function scheduleOf(flags: ScheduleFlags): ScheduleChoice | undefined {
  const given = { ...flags } as unknown as Readonly<Record<string, number | undefined>>;
  const settings: Record<string, number> = {};
  const chosen = SCHEDULES.find((kind) => kind.name === flags.schedule);
  for (const kind of SCHEDULES) {
    for (const name of Object.keys(kind.settings)) {
      const key = keyOf(kind.name, name);
      const value = given[key];
      if (value === undefined) continue;
      if (kind !== chosen) {
        throw new UsageError(`${flagOf(key)} is a setting of a schedule.`, `Give --schedule ${kind.name}.`);
      }
      settings[name] = value;
    }
  }
  return chosen && { kind: chosen, settings };
}
