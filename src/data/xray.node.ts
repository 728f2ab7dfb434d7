/** An X-ray file as a batch of one. */
import type { PixelBatch } from '../densenet/batch.js';
import { decodeFile } from './decode.node.js';
import { type XrayOptions, xrayBatch } from './xray.js';

/**
 * Decodes as Pillow does and makes a batch of one, see `xrayBatch`.
 * @throws DataError naming the file when it is missing or no image
 */
export async function readXray(file: string, size = 320, options: XrayOptions = {}): Promise<PixelBatch> {
  return xrayBatch((await decodeFile(file)).image, size, file, options);
}
