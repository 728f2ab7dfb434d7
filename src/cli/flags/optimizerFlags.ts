/** The flags of the optimizer: its name, and every setting that says in its description what its flag is for. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { UsageError } from '../../core/errors.js';
import { cellNumber } from '../../data/tables/csvCells.js';
import { OPTIMIZERS } from '../../training/optimizers/index.js';
import {
  type CompleteOptimizer,
  checkSettings,
  complete,
  type OptimizerKind,
  type SettingValue,
} from '../../training/optimizers/optimizer.js';
import type { Setting } from '../../training/setting.js';
import { flagOf, numberIn, parser } from './flagText.js';

export interface OptimizerFlags {
  /** Name of its kind. */
  optimizer: string;
  learningRate?: number;
}

type SettingTable = Readonly<Record<string, Setting<SettingValue>>>;

const settingsOf = (kind: OptimizerKind): SettingTable => ({ ...kind.settings });

/** Settings that have a flag, and the kinds that have them. */
const FLAGS = new Map<string, { setting: Setting<SettingValue>; kinds: OptimizerKind[] }>();
for (const kind of OPTIMIZERS) {
  for (const [field, setting] of Object.entries(settingsOf(kind))) {
    if (!setting.help) continue;
    const known = FLAGS.get(field);
    if (known) known.kinds.push(kind);
    else FLAGS.set(field, { setting, kinds: [kind] });
  }
}

const namesOf = (kinds: readonly OptimizerKind[]) => kinds.map(({ name }) => name).join(', ');

const ratesInWords = OPTIMIZERS.map(({ name, settings }, i) =>
  i === 0 ? `${settings.learningRate.default}` : `${name} ${settings.learningRate.default}`,
).join(', ');

export function addOptimizerOptions(command: Command): Command {
  command
    .addOption(
      new Option('--optimizer <name>', 'what moves the weights')
        .choices(OPTIMIZERS.map(({ name }) => name))
        .default(OPTIMIZERS[0].name),
    )
    .addOption(
      new Option('--learning-rate <rate>', `its learning rate (default: ${ratesInWords})`).argParser(
        learningRate,
      ),
    );
  for (const [field, { setting, kinds }] of FLAGS) {
    const what = `${setting.help} (${namesOf(kinds)}; default: ${setting.default})`;
    if (typeof setting.default === 'boolean') command.option(flagOf(field), what);
    else {
      const parse = (text: string) => setting.check(flagOf(field), numberIn(text));
      command.addOption(new Option(`${flagOf(field)} <n>`, what).argParser(parser(parse)));
    }
  }
  return command;
}

/** A learning rate as it is typed. */
export function learningRate(text: string): number {
  const value = cellNumber(text.trim());
  if (value > 0 && value < 10) return value;
  throw new InvalidArgumentError('Give a number above 0 and below 10.');
}

const kindOf = (flags: OptimizerFlags): OptimizerKind =>
  OPTIMIZERS.find(({ name }) => name === flags.optimizer) ?? OPTIMIZERS[0];

/** The learning rate of the optimizer that the flags ask for, where they say none. */
export const usualRate = (flags: OptimizerFlags): number => kindOf(flags).settings.learningRate.default;

/**
 * The optimizer that the flags ask for.
 * @throws UsageError for the flag of a setting that it has not
 */
export function optimizerOf(flags: OptimizerFlags): CompleteOptimizer {
  const kind = kindOf(flags);
  const values: Readonly<Record<string, unknown>> = { ...flags };
  const given = [...FLAGS.keys()].filter((field) => values[field] !== undefined);
  const foreign = given.find((field) => !Object.hasOwn(kind.settings, field));
  if (foreign !== undefined) {
    throw new UsageError(
      `${flagOf(foreign)} is no setting of the optimizer ${kind.name}.`,
      `Leave it out, or choose --optimizer ${namesOf(FLAGS.get(foreign)?.kinds ?? [])}.`,
    );
  }
  const chosen = Object.fromEntries(['learningRate', ...given].map((field) => [field, values[field]]));
  return complete(kind, checkSettings(kind, chosen));
}
