/** What callbacks may watch in a training on these images, and what is said of them. */
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import {
  type CallbackChoices,
  callbackWords,
  checkCallbackChoices,
} from '../../../src/workflow/training/callbackChoices.js';
import { refused } from '../../support/refused.js';

const NAN = Number.NaN;
/** Mass has both labels, Edema one, of Hernia nothing is known. */
const VALID = {
  images: ['a', 'b', 'c'],
  classes: ['Mass', 'Edema', 'Hernia'],
  labels: Float32Array.of(0, 1, NAN, 1, 1, NAN, NAN, 1, NAN),
};
const NO_IMAGES = { ...VALID, images: [], labels: new Float32Array(0) };
const EARLY = { earlyStopping: { patience: 2 } };

describe('checkCallbackChoices', () => {
  it('takes logs that there will be', () => {
    for (const monitor of [undefined, 'val_loss', 'val_auc', 'val_auc_Mass', 'loss', 'lr']) {
      checkCallbackChoices(
        { ...EARLY, reduceLr: {}, saveBest: '{epoch}-{val_auc_Mass:.2f}', monitor },
        VALID,
      );
    }
    checkCallbackChoices({ ...EARLY, monitor: 'loss', saveEpochs: '{loss}' }, NO_IMAGES);
    checkCallbackChoices({}, NO_IMAGES);
  });

  it('refuses those that there will not be, and says why', async () => {
    const wrong: [CallbackChoices, typeof VALID, RegExp][] = [
      [EARLY, NO_IMAGES, /Early stopping watches val_loss.*no validation image/],
      [{ reduceLr: {}, monitor: 'val_auc' }, NO_IMAGES, /--reduce-lr watches val_auc.*no validation image/],
      [{ saveBest: 'a', monitor: 'val_auc_Edema' }, VALID, /no negative example among 3 images of Edema/],
      [{ ...EARLY, monitor: 'val_auc_Hernia' }, VALID, /no image whose label is known of Hernia/],
      [{ ...EARLY, monitor: 'val_auc_mass' }, VALID, /there are loss, lr, val_loss, val_auc_Mass, val_auc\./],
      [{ saveEpochs: '{acc}' }, VALID, /The name of --save-epochs has acc, which/],
      [{ saveBest: '{val_auc}', monitor: 'loss' }, NO_IMAGES, /The name of --save-best has val_auc.*no val/],
      [
        { ...EARLY, monitor: 'val_auc' },
        { ...VALID, labels: new Float32Array(9) },
        /val_auc.*no class has validation images of both labels/,
      ],
    ];
    for (const [choices, valid, message] of wrong) {
      await refused(() => checkCallbackChoices(choices, valid), UsageError, message);
    }
  });
});

describe('callbackWords', () => {
  it('says what was chosen, and nothing where nothing was', () => {
    expect(callbackWords({})).toEqual([]);
    expect(
      callbackWords({
        monitor: 'val_auc',
        earlyStopping: { patience: 3, minDelta: 0.01, baseline: 0.5, startFromEpoch: 2 },
        reduceLr: { patience: 1, factor: 0.5, cooldown: 2, minLr: 1e-5 },
        saveBest: 'best.h5',
        saveEpochs: '{epoch}.h5',
        saveOptimizer: true,
        csvLog: true,
        terminateOnNaN: true,
      }),
    ).toEqual([
      'early stopping after 3 epochs without a better val_auc by more than 0.01, baseline 0.5, from epoch 3 on',
      'learning rate times 0.5 after 1 epoch without a better val_auc, then none for 2 epochs, down to 0.00001',
      'weights and optimizer of the best epoch by val_auc as best.h5',
      'weights and optimizer of every epoch as {epoch}.h5',
      'logs as log.csv',
      'a step that is not finite ends the training in good order',
    ]);
  });
});
