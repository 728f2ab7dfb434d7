/** Synthetic X-rays: drawn into a folder, and as a data set to train on. */
import { basename } from 'node:path';
import { plural } from '../../core/formatting.js';
import { type PhantomSummary, writePhantoms } from '../../data/phantoms/writePhantoms.node.js';
import type { Frame } from '../../data/tables/frame.js';
import type { WorkContext } from '../reporter.js';
import { type Dataset, type DatasetSource, readDataset } from './dataset.node.js';

/** Which phantoms, and where. */
export interface PhantomsToDraw {
  out: string;
  images: number;
  size: number;
  seed: number;
  balanced: boolean;
  overwrite: boolean;
  /** Threads that draw; default one per core. */
  workers?: number;
  /** Whether drawings are taken from the user's cache folder and kept there; default true. */
  cache?: boolean;
}

/** Draws with progress; an interrupt leaves nothing behind. */
export async function drawPhantoms(context: WorkContext, phantoms: PhantomsToDraw): Promise<PhantomSummary> {
  const { out, signal } = context;
  const bar = out.progress('Drawing phantoms', phantoms.images, 'images');
  let fromCache = 0;
  const summary = await writePhantoms({
    ...phantoms,
    cache: phantoms.cache ?? true,
    onProgress: (done, _, cached) => {
      signal.throwIfAborted();
      bar.update(done);
      fromCache = cached;
    },
  });
  out.endProgress();
  if (fromCache > 0) out.say(`Of ${plural(summary.images, 'phantom')}, ${fromCache} had been drawn before.`);
  return summary;
}

/**
 * The data set of a run: drawn into `out`, which gets its real name at the end.
 * @param name that folder's name as seen from the report
 */
export async function phantomDataset(
  context: WorkContext,
  { out, images, size, seed }: Pick<PhantomsToDraw, 'out' | 'images' | 'size' | 'seed'>,
  name: string,
  { limit, labels }: Pick<DatasetSource, 'limit' | 'labels'> = {},
): Promise<Dataset> {
  await drawPhantoms(context, { out, images, size, seed, balanced: true, overwrite: false });
  const dataset = await readDataset(context, { data: out, limit, labels }, 'phantoms');
  const named = (frame: Frame): Frame => ({ ...frame, file: `${name}/${basename(frame.file)}` });
  const { train, valid, test } = dataset;
  return { ...dataset, train: named(train), valid: named(valid), test: named(test) };
}
