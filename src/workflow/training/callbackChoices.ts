/** What is asked of the callbacks of a training: checked against its data, and in words. */
import { UsageError } from '../../core/errors.js';
import { pythonFormat } from '../../core/pythonFormat.js';
import type { Frame } from '../../data/tables/frame.js';
import { countClasses, undefinedReason } from '../../eval/scores/roc.js';
import { VAL_AUC, valAucOf } from '../../eval/scores/validationAuc.js';
import type { CallbackChoice, SharedChoices } from './callbacks/callbackKind.js';

export interface CallbackChoices extends Partial<SharedChoices> {
  readonly chosen?: readonly CallbackChoice[];
}

export const DEFAULT_MONITOR = 'val_loss';

/** With the defaults. */
export const sharedChoices = ({
  monitor = DEFAULT_MONITOR,
  saveOptimizer = false,
}: CallbackChoices): SharedChoices => ({ monitor, saveOptimizer });

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
 * @param epochs of the training
 * @throws UsageError naming the flag, the log, and why there is none; for two that keep files of one name
 */
export function checkCallbackChoices(
  choices: CallbackChoices,
  valid: Pick<Frame, 'images' | 'classes' | 'labels'>,
  epochs = 1,
): void {
  const { there, missing } = logsOf(valid);
  const { monitor } = sharedChoices(choices);
  const want = (who: string, log: string) => {
    if (there.has(log)) return;
    const why = missing.get(log) ?? `there are ${[...there].join(', ')}`;
    throw new UsageError(`${who} ${log}, which this training does not have: ${why}.`);
  };
  for (const { kind, file } of choices.chosen ?? []) {
    if (kind.watches) want(`${kind.title} goes by`, monitor);
    const names = file === undefined ? [] : pythonFormat(kind.title, file).names;
    for (const log of names) if (log !== 'epoch') want(`${kind.title}: the name ${file} has`, log);
  }
  requireFilesApart(choices.chosen ?? [], epochs);
}

/** A number that stands for any log. */
const ANY = 0.123456789;

/** Of two files of one name in one epoch the second would take the place of the first. */
function requireFilesApart(chosen: readonly CallbackChoice[], epochs: number): void {
  const whose = new Map<string, CallbackChoice>();
  for (const choice of chosen) {
    const { kind } = choice;
    const file = choice.file ?? kind.file;
    if (file === undefined) continue;
    const { names, format } = pythonFormat(kind.title, file);
    const logs = Object.fromEntries(names.map((name) => [name, ANY]));
    const last = names.includes('epoch') ? epochs : 1;
    for (let epoch = 1; epoch <= last; epoch++) {
      const name = format({ ...logs, epoch }, WHOLE);
      // There are disks on which large and small letters are the same.
      const place = name.toLowerCase();
      const other = whose.get(place);
      if (other !== undefined && other !== choice) {
        const written = names.some((log) => log !== 'epoch') ? file : name;
        throw new UsageError(
          `${other.kind.title} and ${kind.title.toLowerCase()} would both write ${written}.`,
          'Give one of them another name.',
        );
      }
      whose.set(place, choice);
    }
  }
}

const WHOLE: ReadonlySet<string> = new Set(['epoch']);

/** What was chosen, for people: nothing where nothing was. */
export function callbackWords(choices: CallbackChoices): string[] {
  const shared = sharedChoices(choices);
  return (choices.chosen ?? []).map((choice) => choice.kind.describe(choice, shared));
}
