/**
 * What a command reads, and what it therefore never writes to. Files are told by device and number as well as by
 * path, so that neither links nor `..` nor another spelling lead around it.
 */
import { stat } from 'node:fs/promises';
import { UsageError } from '../errors.js';
import { finalPlace, isWithin } from './realPaths.node.js';

export interface Inputs {
  /** CSVs, images, weights, and folders such as that of the data: never written to, nor to what holds them. */
  readonly paths: readonly string[];
  /** Folders of images: nothing new is put in there either. */
  readonly imageFolders?: readonly string[];
}

export const NO_INPUTS: Inputs = { paths: [] };

const HINT = 'It is left as it is: give another place.';

async function identity(path: string): Promise<string | null> {
  const info = await stat(path, { bigint: true }).catch(() => null);
  // Some file systems number nothing.
  return info && info.ino !== 0n ? `${info.dev}:${info.ino}` : null;
}

async function isSame(place: string, input: string): Promise<boolean> {
  if (place === input) return true;
  const own = await identity(place);
  return own !== null && own === (await identity(input));
}

/**
 * @param target as the user named it
 * @param replaced true where all that `target` holds may be replaced, not only files added
 * @throws UsageError where it is an input, lies among the images, or, with `replaced`, holds an input
 */
export async function refuseInputs(target: string, inputs: Inputs, replaced: boolean): Promise<void> {
  const place = await finalPlace(target);
  const { paths, imageFolders = [] } = inputs;
  for (const path of [...paths, ...imageFolders]) {
    const input = await finalPlace(path);
    if (await isSame(place, input)) {
      throw new UsageError(`${target} is what this command reads (${path}).`, HINT);
    }
    if (replaced && isWithin(input, place)) {
      throw new UsageError(`${target} holds what this command reads (${path}).`, HINT);
    }
  }
  for (const path of imageFolders) {
    if (isWithin(place, await finalPlace(path))) {
      throw new UsageError(`${target} lies among the images that this command reads (${path}).`, HINT);
    }
  }
}
