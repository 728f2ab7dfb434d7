/** --terminate-on-nan */
import { TerminateOnNaN } from '../../../training/callbacks/terminateOnNaN.js';
import type { CallbackKind } from './callbackKind.js';

export const TERMINATE_ON_NAN: CallbackKind = {
  name: 'terminateOnNan',
  title: 'The end at a step that is not finite',
  help: 'a step that is not finite, which is never taken, ends the training as if it were over (otherwise: an error)',
  settings: {},
  describe: () => 'a step that is not finite ends the training in good order',
  make: () => new TerminateOnNaN(),
};
