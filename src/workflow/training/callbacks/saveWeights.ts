/** --save-best and --save-epochs */
import { ModelCheckpoint } from '../../../training/callbacks/modelCheckpoint.js';
import type { CallbackKind, MadeWith, SharedChoices } from './callbackKind.js';

const what = ({ saveOptimizer }: SharedChoices) => (saveOptimizer ? 'weights and optimizer' : 'weights');

const kept = (file: string | undefined, usual: string, { files, saveOptimizer, say }: MadeWith) => ({
  file: file ?? usual,
  save: files.keepWeights.bind(files),
  saveWeightsOnly: !saveOptimizer,
  say,
});

const EPOCHS = 'epoch-{epoch:02d}.h5';
const BEST = 'best.h5';

export const SAVE_EPOCHS: CallbackKind = {
  name: 'saveEpochs',
  title: "Saving every epoch's weights",
  help: 'keep the weights of every epoch; names hold its logs as {epoch:02d} and {val_loss:.3f} in Keras',
  settings: {},
  file: EPOCHS,
  keeps: true,
  describe: ({ file = EPOCHS }, shared) => `${what(shared)} of every epoch as ${file}`,
  make: ({ file }, made) => new ModelCheckpoint(kept(file, EPOCHS, made)),
};

export const SAVE_BEST: CallbackKind = {
  name: 'saveBest',
  title: 'Saving the best weights',
  help: 'keep the weights of the best epoch so far',
  settings: {},
  watches: true,
  file: BEST,
  keeps: true,
  describe: ({ file = BEST }, shared) => `${what(shared)} of the best epoch by ${shared.monitor} as ${file}`,
  make: ({ file }, made) =>
    new ModelCheckpoint({ ...kept(file, BEST, made), monitor: made.monitor, saveBestOnly: true }),
};
