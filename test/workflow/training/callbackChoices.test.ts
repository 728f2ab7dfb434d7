/** What callbacks may watch in a training on these images, and what is said of them. */
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { callbackWords, checkCallbackChoices } from '../../../src/workflow/training/callbackChoices.js';
import type { CallbackChoice } from '../../../src/workflow/training/callbacks/callbackKind.js';
import { CALLBACK_KINDS } from '../../../src/workflow/training/callbacks/index.js';
import { refused } from '../../support/refused.js';

const NAN = Number.NaN;
/** Mass has both labels, Edema one, of Hernia nothing is known. */
const VALID = {
  images: ['a', 'b', 'c'],
  classes: ['Mass', 'Edema', 'Hernia'],
  labels: Float32Array.of(0, 1, NAN, 1, 1, NAN, NAN, 1, NAN),
};
const NO_IMAGES = { ...VALID, images: [], labels: new Float32Array(0) };

/** A callback by its flag's name. */
function asked(name: string, settings: Record<string, number> = {}, file?: string): CallbackChoice {
  const kind = CALLBACK_KINDS.find((one) => one.name === name)!;
  return { kind, settings, file: file ?? kind.file };
}
const EARLY = asked('earlyStopping', { patience: 2 });

describe('checkCallbackChoices', () => {
  it('takes logs that there will be', () => {
    for (const monitor of [undefined, 'val_loss', 'val_auc', 'val_auc_Mass', 'loss', 'lr']) {
      const chosen = [EARLY, asked('reduceLr'), asked('saveBest', {}, '{epoch}-{val_auc_Mass:.2f}')];
      checkCallbackChoices({ monitor, chosen }, VALID);
    }
    checkCallbackChoices({ monitor: 'loss', chosen: [EARLY, asked('saveEpochs', {}, '{loss}')] }, NO_IMAGES);
    checkCallbackChoices({}, NO_IMAGES);
  });

  it('refuses those that there will not be, and says why', async () => {
    const alike = { ...VALID, labels: new Float32Array(9) };
    const wrong: [monitor: string | undefined, CallbackChoice, typeof VALID, RegExp][] = [
      [undefined, EARLY, NO_IMAGES, /Early stopping goes by val_loss.*no validation image/],
      ['val_auc', asked('reduceLr'), NO_IMAGES, /learning rate goes by val_auc.*no validation image/],
      ['val_auc_Edema', asked('saveBest'), VALID, /no negative example among 3 images of Edema/],
      ['val_auc_Hernia', EARLY, VALID, /no image whose label is known of Hernia/],
      ['val_auc_mass', EARLY, VALID, /there are loss, lr, val_loss, val_auc_Mass, val_auc\./],
      [undefined, asked('saveEpochs', {}, '{acc}'), VALID, /the name \{acc\} has acc, which/],
      ['loss', asked('saveBest', {}, '{val_auc}'), NO_IMAGES, /the name \{val_auc\} has val_auc.*no val/],
      ['val_auc', EARLY, alike, /val_auc.*no class has validation images of both labels/],
    ];
    for (const [monitor, choice, valid, message] of wrong) {
      await refused(() => checkCallbackChoices({ monitor, chosen: [choice] }, valid), UsageError, message);
    }
  });
});

describe('two that keep files', () => {
  const both = (epochs: string | undefined, best: string | undefined, count = 12) =>
    checkCallbackChoices(
      { chosen: [asked('saveBest', {}, best), asked('saveEpochs', {}, epochs)] },
      VALID,
      count,
    );

  it.each([
    ['epoch-03.h5', /best weights and saving every epoch's weights would both write epoch-03\.h5/],
    ['EPOCH-12.h5', /both write epoch-12\.h5/],
    ['epoch-{epoch:02d}.h5', /both write epoch-01\.h5/],
    ['epoch-{epoch:d}.h5', /both write epoch-10\.h5/],
  ])('of the name epoch-{epoch:02d}.h5 and %s are refused', async (best, message) => {
    await refused(() => both(undefined, best), UsageError, message);
  });

  it('of one name with a log are refused, and of others are taken', async () => {
    const log = '{epoch:02d}-{val_loss:.2f}.h5';
    await refused(
      () => both(log, '{epoch}-{val_loss:.2f}.h5'),
      UsageError,
      /both write \{epoch:02d\}-\{val_loss/,
    );
    both(log, 'best-{val_loss:.2f}.h5');
    both(undefined, undefined);
    // No epoch of that number.
    both(undefined, 'epoch-13.h5');
    both(undefined, 'epoch-{epoch:d}.h5', 9);
  });
});

describe('callbackWords', () => {
  it('says what was chosen, and nothing where nothing was', () => {
    expect(callbackWords({})).toEqual([]);
    const chosen = [
      asked('earlyStopping', { patience: 3, delta: 0.01, baseline: 0.5, from: 3 }),
      asked('reduceLr', { patience: 1, factor: 0.5, cooldown: 2, min: 1e-5 }),
      asked('saveBest'),
      asked('saveEpochs', {}, '{epoch}.h5'),
      asked('csvLog'),
      asked('terminateOnNan'),
    ];
    expect(callbackWords({ monitor: 'val_auc', saveOptimizer: true, chosen })).toEqual([
      'early stopping after 3 epochs without a better val_auc by more than 0.01, baseline 0.5, from epoch 3 on',
      'learning rate times 0.5 after 1 epoch without a better val_auc, then none for 2 epochs, down to 0.00001',
      'weights and optimizer of the best epoch by val_auc as best.h5',
      'weights and optimizer of every epoch as {epoch}.h5',
      'logs as log.csv',
      'a step that is not finite ends the training in good order',
    ]);
  });
});
