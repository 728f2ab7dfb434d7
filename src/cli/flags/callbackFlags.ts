/** The flags of callbacks: what watches a training, keeps files of it, or ends it. */
import { type Command, Option } from 'commander';
import { finite, fraction, nonNegativeNumber, wholeNumber } from '../../core/arguments.js';
import { UsageError } from '../../core/errors.js';
import { safeName } from '../../core/outputs/safeNames.js';
import { pythonFormat } from '../../core/pythonFormat.js';
import { kindFor } from '../../densenet/weights/formats.js';
import {
  type CallbackChoices,
  CSV_LOG_FILE,
  DEFAULT_MONITOR,
} from '../../workflow/training/callbackChoices.js';
import { DATA_PRESET, PHANTOM_PRESET } from '../../workflow/training/presets.js';
import { flagOf, numberIn, parser } from './flagText.js';

/** Numbers behind --early-stopping and --reduce-lr, by the flag's field. */
interface NumberFlags {
  earlyStopping?: number;
  earlyStoppingDelta?: number;
  earlyStoppingBaseline?: number;
  earlyStoppingFrom?: number;
  reduceLr?: number;
  reduceLrFactor?: number;
  reduceLrDelta?: number;
  reduceLrCooldown?: number;
  reduceLrMin?: number;
}

export interface CallbackFlags extends NumberFlags {
  monitor?: string;
  /** True for the name that it has by default. */
  saveBest?: string | true;
  saveEpochs?: string | true;
  saveOptimizer?: boolean;
  csvLog?: boolean;
  terminateOnNan?: boolean;
}

const BEST_FILE = 'best.h5';
const EPOCH_FILE = 'epoch-{epoch:02d}.h5';
/** What a training leaves at its end. */
const END_FILE = 'weights.h5';

type Check = (field: string, value: unknown) => number;
const whole =
  (least: number): Check =>
  (field, value) =>
    wholeNumber(field, value, least, 1_000_000);

/** Each with its value's name in the help, its check and what it does. */
const NUMBERS: Readonly<Record<keyof NumberFlags, readonly [value: string, check: Check, help: string]>> = {
  earlyStopping: [
    '<patience>',
    whole(1),
    'stop after so many epochs without a better --monitor, and keep the best weights (default: never)',
  ],
  earlyStoppingDelta: ['<x>', nonNegativeNumber, 'what is better by no more than this is not (default: 0)'],
  earlyStoppingBaseline: ['<x>', finite, 'an epoch counts as better only if it is better than this, too'],
  earlyStoppingFrom: ['<epoch>', whole(1), 'the first epoch that is looked at (default: 1)'],
  reduceLr: [
    '<patience>',
    whole(1),
    'a smaller learning rate after so many epochs without a better --monitor (default: never)',
  ],
  reduceLrFactor: ['<x>', fraction, 'what the rate is multiplied by then (default: 0.1)'],
  reduceLrDelta: ['<x>', nonNegativeNumber, 'what is better by no more than this is not (default: 1e-4)'],
  reduceLrCooldown: ['<n>', whole(0), 'epochs after a fall that are not counted (default: 0)'],
  reduceLrMin: ['<rate>', nonNegativeNumber, 'the rate falls no further (default: 0)'],
};

export function addCallbackOptions(command: Command): Command {
  command.addOption(
    new Option(
      '--monitor <log>',
      'what --early-stopping, --reduce-lr and --save-best go by: val_loss, val_auc (the mean over the classes), ' +
        `val_auc_<class>, or loss (default: ${DEFAULT_MONITOR})`,
    ),
  );
  for (const [field, [value, check, help]] of Object.entries(NUMBERS)) {
    const parse = (text: string) => check(flagOf(field), numberIn(text));
    command.addOption(new Option(`${flagOf(field)} ${value}`, help).argParser(parser(parse)));
  }
  const file = (flag: string) => parser((text) => fileName(flag, text));
  const names = 'as {epoch:02d} and {val_loss:.3f} in Keras';
  return command
    .addOption(
      new Option(
        '--save-best [file]',
        `keep the weights of the best epoch so far (default name: ${BEST_FILE})`,
      ).argParser(file('--save-best')),
    )
    .addOption(
      new Option(
        '--save-epochs [file]',
        `keep the weights of every epoch; names hold its logs ${names} (default name: ${EPOCH_FILE})`,
      ).argParser(file('--save-epochs')),
    )
    .option('--save-optimizer', "with both of these: keep the optimizer's state, too")
    .option('--csv-log', `a table of the logs with a row per epoch, as Keras' CSVLogger: ${CSV_LOG_FILE}`)
    .option(
      '--terminate-on-nan',
      'a step that is not finite, which is never taken, ends the training as if it were over (otherwise: an error)',
    );
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
  if (sample.toLowerCase() === END_FILE) {
    throw new UsageError(
      `${flag}: ${END_FILE} has the weights at the end of the training.`,
      'Choose another name.',
    );
  }
  return text;
}

const OWNERS = ['earlyStopping', 'reduceLr'] as const;

/**
 * What the flags ask for.
 * @throws UsageError for a flag that has no effect without another one, or undoes what that does
 */
export function callbacksOf(flags: CallbackFlags & { schedule?: string }): CallbackChoices {
  const { monitor, earlyStopping, reduceLr, saveOptimizer, csvLog, terminateOnNan } = flags;
  for (const owner of OWNERS) {
    const given = (Object.keys(NUMBERS) as (keyof NumberFlags)[]).find(
      (field) => field !== owner && field.startsWith(owner) && flags[field] !== undefined,
    );
    if (given === undefined || flags[owner] !== undefined) continue;
    throw new UsageError(`${flagOf(given)} is a setting of ${flagOf(owner)}.`, `Give ${flagOf(owner)}, too.`);
  }
  const saveBest = flags.saveBest === true ? BEST_FILE : flags.saveBest;
  const saveEpochs = flags.saveEpochs === true ? EPOCH_FILE : flags.saveEpochs;
  if (
    monitor !== undefined &&
    earlyStopping === undefined &&
    reduceLr === undefined &&
    saveBest === undefined
  ) {
    throw new UsageError('Nothing goes by --monitor.', 'Give --early-stopping, --reduce-lr or --save-best.');
  }
  if (reduceLr !== undefined && flags.schedule !== undefined) {
    throw new UsageError(
      `--schedule ${flags.schedule} sets the rate of every step: what --reduce-lr does would be undone.`,
      'Give one of them.',
    );
  }
  if (saveOptimizer) requireOptimizerPlace([saveBest, saveEpochs]);
  if (saveBest !== undefined && saveBest === saveEpochs) {
    throw new UsageError(`--save-best and --save-epochs both write ${saveBest}.`, 'Choose another name.');
  }
  return {
    monitor,
    earlyStopping: earlyStopping === undefined ? undefined : earlyStoppingOf(earlyStopping, flags),
    reduceLr: reduceLr === undefined ? undefined : reduceLrOf(reduceLr, flags),
    saveBest,
    saveEpochs,
    saveOptimizer,
    csvLog,
    terminateOnNaN: terminateOnNan,
  };
}

function earlyStoppingOf(patience: number, flags: NumberFlags): CallbackChoices['earlyStopping'] {
  const { earlyStoppingDelta: minDelta, earlyStoppingBaseline: baseline, earlyStoppingFrom } = flags;
  return { patience, minDelta, baseline, startFromEpoch: earlyStoppingFrom && earlyStoppingFrom - 1 };
}

function reduceLrOf(patience: number, flags: NumberFlags): CallbackChoices['reduceLr'] {
  const { reduceLrFactor: factor, reduceLrDelta: minDelta, reduceLrCooldown: cooldown } = flags;
  return { patience, factor, minDelta, cooldown, minLr: flags.reduceLrMin };
}

function requireOptimizerPlace(files: readonly (string | undefined)[]): void {
  const names = files.filter((file) => file !== undefined);
  if (names.length === 0) {
    throw new UsageError('--save-optimizer saves nothing by itself.', 'Give --save-best or --save-epochs.');
  }
  const other = names.find((name) => !/\.(h5|hdf5)$/i.test(name));
  if (other === undefined) return;
  throw new UsageError(`${other} has no place for the optimizer's state.`, 'Only names in .h5 and .hdf5 do.');
}

/** Epochs where nobody says how many, at most. */
const PRESET_EPOCHS = Math.max(
  ...[DATA_PRESET, PHANTOM_PRESET].flatMap((presets) => Object.values(presets).map(({ epochs }) => epochs)),
);

/** How many weight files' room a training needs, the one at its end included; an optimizer's state is two at most. */
export function checkpointsOf(
  { saveBest, saveEpochs, saveOptimizer }: CallbackChoices,
  epochs: number = PRESET_EPOCHS,
): number {
  const files = (saveBest === undefined ? 0 : 1) + (saveEpochs === undefined ? 0 : epochs);
  return 1 + files * (saveOptimizer ? 3 : 1);
}
