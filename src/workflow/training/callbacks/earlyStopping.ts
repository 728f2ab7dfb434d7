/** --early-stopping */
import { finite, nonNegativeNumber, wholeNumber } from '../../../core/arguments.js';
import { plural } from '../../../core/formatting.js';
import { EarlyStopping } from '../../../training/callbacks/earlyStopping.js';
import { atLeast, type CallbackKind, where } from './callbackKind.js';

export const EARLY_STOPPING: CallbackKind = {
  name: 'earlyStopping',
  title: 'Early stopping',
  help: 'stop after so many epochs without a better --monitor, and keep the best weights (default: never)',
  own: 'patience',
  settings: {
    patience: { check: atLeast(1, wholeNumber), help: '' },
    delta: { check: nonNegativeNumber, help: 'what is better by no more than this is not (default: 0)' },
    baseline: { check: finite, help: 'an epoch counts as better only if it is better than this, too' },
    from: { check: atLeast(1, wholeNumber), help: 'the first epoch that is looked at (default: 1)' },
  },
  watches: true,
  describe: ({ settings: { patience = 1, delta, baseline, from } }, { monitor }) =>
    `early stopping after ${plural(patience, 'epoch')} without a better ${monitor}` +
    where(delta, (x) => ` by more than ${x}`) +
    where(baseline, (x) => `, baseline ${x}`) +
    where(from, (epoch) => `, from epoch ${epoch} on`),
  make: ({ settings: { patience, delta: minDelta, baseline, from = 1 } }, { monitor }) =>
    new EarlyStopping({
      patience,
      minDelta,
      baseline,
      startFromEpoch: from - 1,
      monitor,
      restoreBestWeights: true,
    }),
};
