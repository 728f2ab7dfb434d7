/** What `chexgpu check` wants to know of one image file. */
import { createHash } from 'node:crypto';
import { type DecodedImage, decodeFile } from './decode.node.js';
import type { ImageFacts, Scaling } from './pixelFacts.js';
import type { PixelImage } from './pixels.js';

/** Decodes the file and describes it. @throws DataError as `decodeFile` */
export async function inspectFile(file: string, scaling?: Scaling): Promise<ImageFacts> {
  return factsOf((await decodeFile(file, scaling)).image);
}

/** What is known of a decoded image. */
export function factsOf(image: DecodedImage['image']): ImageFacts {
  const { width, height, facts } = image;
  const pixels = facts.grayContent ? firstChannel(image) : image.data;
  const contentHash = createHash('sha256').update(`${width}x${height}:`).update(pixels).digest('hex');
  return { ...facts, width, height, contentHash };
}

/** The only channel, or the first of three. */
function firstChannel({ data, channels }: PixelImage): Uint8Array {
  if (channels === 1) return data;
  const first = new Uint8Array(data.length / 3);
  for (let i = 0; i < first.length; i++) first[i] = data[3 * i];
  return first;
}
