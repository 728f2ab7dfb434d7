/** What `chexgpu check` wants to know of one image file. */
import { createHash } from 'node:crypto';
import { type DecodedImage, decodeFile } from './decode.node.js';
import type { ImageFacts, Scaling } from './pixelFacts.js';
import { firstChannel, type PixelImage } from './pixels.js';

/** Decodes the file and describes it. @throws DataError as `decodeFile` */
export async function inspectFile(file: string, scaling?: Scaling): Promise<ImageFacts> {
  return factsOf((await decodeFile(file, scaling)).image);
}

/** What is known of a decoded image. */
export function factsOf(image: DecodedImage['image']): ImageFacts {
  const { width, height, facts } = image;
  const pixels = facts.grayContent ? firstChannel<PixelImage>(image).data : image.data;
  const contentHash = createHash('sha256').update(`${width}x${height}:`).update(pixels).digest('hex');
  return { ...facts, width, height, contentHash };
}
