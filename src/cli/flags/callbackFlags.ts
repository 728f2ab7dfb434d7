/** The flags of callbacks, read off the registry: what watches a training, keeps files of it, or ends it. */
import { type Command, Option } from 'commander';
import { UsageError } from '../../core/errors.js';
import { safeName } from '../../core/outputs/safeNames.js';
import { pythonFormat } from '../../core/pythonFormat.js';
import { kindFor } from '../../densenet/weights/formats.js';
import { type CallbackChoices, DEFAULT_MONITOR } from '../../workflow/training/callbackChoices.js';
import type { CallbackChoice, CallbackKind } from '../../workflow/training/callbacks/callbackKind.js';
import { CALLBACK_KINDS } from '../../workflow/training/callbacks/index.js';
import { CHECKPOINT_FILE } from '../../workflow/training/checkpoints.node.js';
import { PHANTOM_PRESET } from '../../workflow/training/phantomPresets.js';
import { DATA_PRESET } from '../../workflow/training/presets.js';
import { WEIGHTS_FILE } from '../../workflow/weights/checkpoint.node.js';
import { flagOf, numberIn, parser } from './flagText.js';

export interface CallbackFlags {
  monitor?: string;
  saveOptimizer?: boolean;
}

/** What commander makes of the flags of kinds and of their settings. */
type Values = Readonly<Record<string, number | string | true | undefined>>;

/** Weight files that a training leaves by itself. */
const OWN_FILES = new Map([
  [WEIGHTS_FILE, 'has the weights at the end of the training'],
  [CHECKPOINT_FILE, 'is what --resume goes on from'],
]);

/** `earlyStoppingDelta` for delta of early stopping, `earlyStopping` for what that flag takes itself. */
const fieldOf = ({ name, own }: CallbackKind, setting: string): string =>
  setting === own ? name : name + setting[0].toUpperCase() + setting.slice(1);

const watching = CALLBACK_KINDS.filter(({ watches }) => watches).map(({ name }) => flagOf(name));

export function addCallbackOptions(command: Command): Command {
  const logs = 'val_loss, val_auc (the mean over the classes), val_auc_<class>, or loss';
  const monitor = `what ${watching.join(', ')} go by: ${logs} (default: ${DEFAULT_MONITOR})`;
  command.addOption(new Option('--monitor <log>', monitor));
  for (const kind of CALLBACK_KINDS) {
    const flag = flagOf(kind.name);
    if (kind.file) {
      const help = `${kind.help} (default name: ${kind.file})`;
      const parse = parser((text) => fileName(flag, text));
      command.addOption(new Option(`${flag} [file]`, help).argParser(parse));
    } else if (kind.own === undefined) command.option(flag, kind.help);
    for (const [setting, { check, help }] of Object.entries(kind.settings)) {
      const field = flagOf(fieldOf(kind, setting));
      const parse = parser((text) => check(field, numberIn(text)));
      const isOwn = setting === kind.own;
      const option = new Option(`${field} <${isOwn ? setting : 'x'}>`, isOwn ? kind.help : help);
      command.addOption(option.argParser(parse));
    }
  }
  return command.option('--save-optimizer', "with saved weights: keep the optimizer's state, too");
}

/** @throws UsageError for what cannot be the name of a weight file in the run's folder */
function fileName(flag: string, text: string): string {
  const pattern = pythonFormat(flag, text);
  const ones = Object.fromEntries(pattern.names.map((name) => [name, 1]));
  const sample = pattern.format(ones, new Set(['epoch']));
  if (safeName(sample) !== sample) {
    throw new UsageError(
      `${flag} "${text}" is no name for a file.`,
      'Use letters, digits, dots, dashes, and logs in braces; no folders.',
    );
  }
  kindFor(sample);
  const own = OWN_FILES.get(sample.toLowerCase());
  if (own === undefined) return text;
  throw new UsageError(`${flag}: ${sample} ${own}.`, 'Choose another name.');
}

/**
 * What the flags ask for.
 * @throws UsageError for a flag that has no effect without another one, or undoes what that does
 */
export function callbacksOf(flags: CallbackFlags & { schedule?: string; ema?: number }): CallbackChoices {
  const values = { ...flags } as unknown as Values;
  const chosen = CALLBACK_KINDS.flatMap((kind) => choiceOf(kind, values) ?? []);
  const { monitor, saveOptimizer, schedule, ema } = flags;
  if (monitor !== undefined && !chosen.some(({ kind }) => kind.watches)) {
    throw new UsageError('Nothing goes by --monitor.', `Give ${watching.join(' or ')}.`);
  }
  if (schedule !== undefined && chosen.some(({ kind }) => kind.setsRate)) {
    throw new UsageError(
      `--schedule ${schedule} sets the rate of every step: what --reduce-lr does would be undone.`,
      'Give one of them.',
    );
  }
  const files = chosen.flatMap(({ file }) => file ?? []);
  // There are disks on which large and small letters are the same.
  const names = files.map((file) => file.toLowerCase());
  const twice = files.find((_, i) => names.indexOf(names[i]) < i);
  if (twice !== undefined) {
    throw new UsageError(`Two flags both write ${twice}.`, 'Choose another name for one of them.');
  }
  if (saveOptimizer) requireOptimizerPlace(files, ema);
  return { monitor, saveOptimizer, chosen };
}

function choiceOf(kind: CallbackKind, values: Values): CallbackChoice | null {
  const flag = flagOf(kind.name);
  const value = values[kind.name];
  const settings: Record<string, number> = {};
  for (const setting of Object.keys(kind.settings)) {
    const field = fieldOf(kind, setting);
    const given = values[field];
    if (given === undefined) continue;
    if (value === undefined) {
      throw new UsageError(`${flagOf(field)} is a setting of ${flag}.`, `Give ${flag}, too.`);
    }
    settings[setting] = Number(given);
  }
  if (value === undefined) return null;
  const file = typeof value === 'string' ? value : kind.file;
  return { kind, settings, file };
}

function requireOptimizerPlace(files: readonly string[], ema: number | undefined): void {
  if (files.length === 0) {
    throw new UsageError('--save-optimizer saves nothing by itself.', 'Give --save-best or --save-epochs.');
  }
  const other = files.find((name) => !/\.(h5|hdf5)$/i.test(name));
  if (other !== undefined) {
    throw new UsageError(
      `${other} has no place for the optimizer's state.`,
      'Only names in .h5 and .hdf5 do.',
    );
  }
  if (!ema) return;
  throw new UsageError(
    "With --ema the files hold the averaged weights, and the optimizer's state belongs to those behind them.",
    'Leave out --save-optimizer.',
  );
}

/** Epochs where nobody says how many, at most. */
const PRESET_EPOCHS = Math.max(
  ...[DATA_PRESET, PHANTOM_PRESET].flatMap((presets) => Object.values(presets).map(({ epochs }) => epochs)),
);

/** How many weight files' room a training needs, the one at its end included; an optimizer's state is two at most. */
export function checkpointsOf(
  { chosen = [], saveOptimizer }: CallbackChoices,
  epochs: number = PRESET_EPOCHS,
): number {
  // A name with logs in it is another one after every epoch.
  const files = chosen.flatMap(({ file }) => file ?? []).map((file) => (file.includes('{') ? epochs : 1));
  return files.reduce((sum, count) => sum + count * (saveOptimizer ? 3 : 1), 1);
}
