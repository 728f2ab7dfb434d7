/** What loops over batches refuse before the first one. */
import { it } from 'vitest';
import { UsageError } from '../../src/core/errors.js';
import type { Model } from '../../src/training/model/model.js';
import { predictAll } from '../../src/training/predictAll.js';
import { tinySource } from '../support/networks/tinyNet.js';
import { refused } from '../support/refused.js';

const NO_SIGNAL = { aborted: true } as AbortSignal;
/** As much of a model as is looked at before the first batch. */
const MODEL = { goOn: async () => {}, network: { classes: 2 } } as unknown as Model;

it.each<[string, RegExp, () => Promise<unknown>]>([
  [
    'what is no model',
    /first argument of predictAll is null, it must be a model/,
    () => predictAll(null as never, tinySource()),
  ],
  ['what is no source', /The source is null, it must be an object/, () => predictAll(MODEL, null as never)],
  [
    'what is no signal',
    /signal is an Object, it must be an AbortSignal/,
    () => predictAll(MODEL, tinySource(), { signal: NO_SIGNAL }),
  ],
])('%s is refused', async (_, message, work) => {
  await refused(work, UsageError, message);
});
