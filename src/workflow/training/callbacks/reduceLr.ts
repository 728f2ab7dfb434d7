/** --reduce-lr */
import { fraction, nonNegativeNumber, wholeNumber } from '../../../core/arguments.js';
import { plural } from '../../../core/formatting.js';
import { ReduceLROnPlateau } from '../../../training/callbacks/reduceLROnPlateau.js';
import { atLeast, type CallbackKind, where } from './callbackKind.js';

export const REDUCE_LR: CallbackKind = {
  name: 'reduceLr',
  title: 'The fall of the learning rate',
  help: 'a smaller learning rate after so many epochs without a better --monitor (default: never)',
  own: 'patience',
  settings: {
    patience: { check: atLeast(1, wholeNumber), help: '' },
    factor: { check: fraction, help: 'what the rate is multiplied by then (default: 0.1)' },
    delta: { check: nonNegativeNumber, help: 'what is better by no more than this is not (default: 1e-4)' },
    cooldown: {
      check: atLeast(0, wholeNumber),
      help: 'epochs after a fall that are not counted (default: 0)',
    },
    min: { check: nonNegativeNumber, help: 'the rate falls no further (default: 0)' },
  },
  watches: true,
  setsRate: true,
  describe: ({ settings: { patience = 1, factor = 0.1, delta, cooldown, min } }, { monitor }) =>
    `learning rate times ${factor} after ${plural(patience, 'epoch')} without a better ${monitor}` +
    where(delta, (x) => ` by more than ${x}`) +
    where(cooldown, (epochs) => `, then none for ${plural(epochs, 'epoch')}`) +
    where(min, (rate) => `, down to ${rate}`),
  make: ({ settings: { patience, factor, delta: minDelta, cooldown, min: minLr } }, { monitor, say }) =>
    new ReduceLROnPlateau({ patience, factor, minDelta, cooldown, minLr, monitor, say }),
};
