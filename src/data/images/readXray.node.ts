/** An X-ray file as a batch of one. */
import { requireObject } from '../../core/arguments.js';
import type { PixelBatch } from '../../training/batch.js';
import { decodeFile } from './decode.node.js';
import { checkScaling } from './pixelFacts.js';
import { type XrayOptions, xrayBatch } from './xrayBatch.js';

export interface ReadXrayOptions extends XrayOptions {
  /** How stored samples become pixels 0..255, a `Scaling`; default 'keras'. */
  scaling?: string;
}

/**
 * Decodes as Pillow does, or by another scaling, and makes a batch of one, see `xrayBatch`.
 * @throws DataError naming the file when it is missing or no image; UsageError for an unknown scaling
 */
export async function readXray(file: string, size = 320, given: ReadXrayOptions = {}): Promise<PixelBatch> {
  requireObject('The options of readXray', given);
  const { scaling = 'keras', ...options } = given;
  return xrayBatch((await decodeFile(file, checkScaling(scaling))).image, size, file, options);
}
