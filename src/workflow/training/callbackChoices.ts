/** What may be asked of the callbacks of a training: checked against its data, and in words. */
import { UsageError } from '../../core/errors.js';
import { plural } from '../../core/formatting.js';
import { pythonFormat } from '../../core/pythonFormat.js';
import type { Frame } from '../../data/tables/frame.js';
import { countClasses, undefinedReason } from '../../eval/scores/roc.js';
import { VAL_AUC, valAucOf } from '../../eval/scores/validationAuc.js';
import type { EarlyStoppingOptions } from '../../training/callbacks/earlyStopping.js';
import type { MonitorOptions } from '../../training/callbacks/monitor.js';
import type { ReduceLROnPlateauOptions } from '../../training/callbacks/reduceLROnPlateau.js';

export interface CallbackChoices {
  /** The log that early stopping, the falls of the learning rate and the best checkpoint go by. Default: val_loss. */
  monitor?: string;
  /** Left out, no epoch ends the training early; otherwise the best weights come back. */
  earlyStopping?: Omit<EarlyStoppingOptions, keyof MonitorOptions | 'restoreBestWeights'>;
  /** Left out, the learning rate falls by its schedule only. */
  reduceLr?: Omit<ReduceLROnPlateauOptions, keyof MonitorOptions | 'say'>;
  /** Names, in Python's format, of the weights of the best epoch so far, and of those of every epoch. */
  saveBest?: string;
  saveEpochs?: string;
  /** With the optimizer's state. */
  saveOptimizer?: boolean;
  /** A table of the logs, with a row per epoch. */
  csvLog?: boolean;
  /** A step that is not finite ends the training in good order, not with an error. */
  terminateOnNaN?: boolean;
}

export const CSV_LOG_FILE = 'log.csv';
export const DEFAULT_MONITOR = 'val_loss';

/** Logs of a training on these validation images; why those that one may look for are not there. */
function logsOf(valid: Pick<Frame, 'images' | 'classes' | 'labels'>) {
  const there = new Set(['loss', 'lr']);
  const missing = new Map<string, string>();
  const { classes, labels, images } = valid;
  if (images.length === 0) {
    for (const log of [DEFAULT_MONITOR, VAL_AUC, ...classes.map(valAucOf)]) {
      missing.set(log, 'there is no validation image');
    }
    return { there, missing };
  }
  there.add(DEFAULT_MONITOR);
  for (const [c, name] of classes.entries()) {
    const column = Float64Array.from(images, (_, row) => labels[row * classes.length + c]);
    const counts = countClasses(column, new Float64Array(column.length), { name, unknownLabels: true });
    const reason = undefinedReason(counts);
    if (reason) missing.set(valAucOf(name), `the validation images have ${reason} of ${name}`);
    else there.add(valAucOf(name)).add(VAL_AUC);
  }
  if (!there.has(VAL_AUC)) missing.set(VAL_AUC, 'no class has validation images of both labels');
  return { there, missing };
}

/**
 * Before anything is trained: that the logs which callbacks and names of files want will be there.
 * @throws UsageError naming the flag, the log, and why there is none
 */
export function checkCallbackChoices(
  choices: CallbackChoices,
  valid: Pick<Frame, 'images' | 'classes' | 'labels'>,
): void {
  const { monitor = DEFAULT_MONITOR, earlyStopping, reduceLr, saveBest, saveEpochs } = choices;
  const { there, missing } = logsOf(valid);
  const want = (who: string, log: string) => {
    if (there.has(log)) return;
    const why = missing.get(log) ?? `there are ${[...there].join(', ')}`;
    throw new UsageError(`${who} ${log}, which this training does not have: ${why}.`);
  };
  if (earlyStopping) want('Early stopping watches', monitor);
  if (reduceLr) want('--reduce-lr watches', monitor);
  if (saveBest !== undefined) want('--save-best watches', monitor);
  for (const [flag, file] of Object.entries({ '--save-best': saveBest, '--save-epochs': saveEpochs })) {
    const names = file === undefined ? [] : pythonFormat(flag, file).names;
    for (const log of names) if (log !== 'epoch') want(`The name of ${flag} has`, log);
  }
}

/** What was chosen, for people: nothing where nothing was. */
export function callbackWords(choices: CallbackChoices): string[] {
  const { monitor = DEFAULT_MONITOR, earlyStopping, reduceLr, saveBest, saveEpochs } = choices;
  const words: string[] = [];
  if (earlyStopping) {
    const { patience = 1, minDelta, baseline, startFromEpoch } = earlyStopping;
    const more = [
      minDelta === undefined ? '' : ` by more than ${minDelta}`,
      baseline === undefined ? '' : `, baseline ${baseline}`,
      startFromEpoch ? `, from epoch ${startFromEpoch + 1} on` : '',
    ];
    words.push(
      `early stopping after ${plural(patience, 'epoch')} without a better ${monitor}${more.join('')}`,
    );
  }
  if (reduceLr) {
    const { patience, factor = 0.1, minDelta, cooldown, minLr } = reduceLr;
    const more = [
      minDelta === undefined ? '' : ` by more than ${minDelta}`,
      cooldown ? `, then none for ${plural(cooldown, 'epoch')}` : '',
      minLr ? `, down to ${minLr}` : '',
    ];
    const after = plural(patience ?? 10, 'epoch');
    words.push(`learning rate times ${factor} after ${after} without a better ${monitor}${more.join('')}`);
  }
  const what = choices.saveOptimizer ? 'weights and optimizer' : 'weights';
  if (saveBest !== undefined) words.push(`${what} of the best epoch by ${monitor} as ${saveBest}`);
  if (saveEpochs !== undefined) words.push(`${what} of every epoch as ${saveEpochs}`);
  if (choices.csvLog) words.push(`logs as ${CSV_LOG_FILE}`);
  if (choices.terminateOnNaN) words.push('a step that is not finite ends the training in good order');
  return words;
}
