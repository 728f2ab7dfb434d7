/** Callback: areas under the ROC curves of a validation as logs, of the same predictions as its loss. */
import { requireFields, requireFunction } from '../../core/arguments.js';
import type { Callback, ValidationInfo } from '../../training/callbacks/callback.js';
import { column } from './averages.js';
import { rocAuc } from './roc.js';

/** The logs that it writes. */
export const VAL_AUC = 'val_auc';
export const valAucOf = (name: string): string => `${VAL_AUC}_${name}`;

/**
 * Writes `val_auc_<class>` for every class, scikit-learn's `roc_auc_score`, and their mean as `val_auc`, before the
 * `onEpoch` of any callback: those may watch them wherever they are in the list. A class whose known labels are all
 * alike has no area, hence no log, and the mean is over the rest.
 */
export class ValidationAuc implements Callback {
  private readonly say: (line: string) => void;
  /** Classes without an area, and why, of the last validation. */
  undefinedClasses: { name: string; reason: string }[] = [];

  /** @param options say: gets a line, at the first validation, about classes without an area @throws UsageError */
  constructor(options: { say?: (line: string) => void } = {}) {
    requireFields('The options of ValidationAuc', options, ['say']);
    const { say = () => {} } = options;
    requireFunction('say', say);
    this.say = say;
  }

  onValidation({ epoch, classes, probabilities, labels, logs }: ValidationInfo): void {
    const found: number[] = [];
    this.undefinedClasses = [];
    for (const [c, name] of classes.entries()) {
      const { auc, reason } = rocAuc(
        column(labels, classes.length, c),
        column(probabilities, classes.length, c),
        { name, unknownLabels: true },
      );
      if (auc === null) this.undefinedClasses.push({ name, reason });
      else {
        found.push(auc);
        logs[valAucOf(name)] = auc;
      }
    }
    if (found.length > 0) logs[VAL_AUC] = found.reduce((sum, auc) => sum + auc, 0) / found.length;
    if (epoch > 0 || this.undefinedClasses.length === 0) return;
    const reasons = new Map<string, string[]>();
    for (const { name, reason } of this.undefinedClasses) {
      reasons.set(reason, [...(reasons.get(reason) ?? []), name]);
    }
    const which = [...reasons].map(([reason, names]) => `${names.join(', ')} (${reason})`).join(', and ');
    this.say(
      found.length > 0
        ? `The validation AUC leaves out ${which}`
        : 'There is no validation AUC: no class has validation images of both labels',
    );
  }
}
