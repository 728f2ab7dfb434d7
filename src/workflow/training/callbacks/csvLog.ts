/** --csv-log */
import { CSVLogger } from '../../../training/callbacks/csvLogger.js';
import type { CallbackKind } from './callbackKind.js';

const FILE = 'log.csv';

export const CSV_LOG: CallbackKind = {
  name: 'csvLog',
  title: 'The table of the logs',
  help: `a table of the logs with a row per epoch, as Keras' CSVLogger: ${FILE}`,
  settings: {},
  keeps: true,
  describe: () => `logs as ${FILE}`,
  make: (_, { files }) => new CSVLogger({ write: (_lines, whole) => files.keepText(FILE, whole) }),
};
