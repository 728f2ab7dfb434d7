/** What `chexgpu check` wants to know of one image file. */
import { createHash } from 'node:crypto';
import type { Inspection } from './check.js';
import { decodeBytes, readImageFile } from './decode.node.js';
import type { PixelImage } from './pixels.js';

/** Decodes the file and describes it. @throws DataError as `decodeFile` */
export async function inspectFile(file: string): Promise<Inspection> {
  const bytes = await readImageFile(file);
  const { image, stored, transparent } = await decodeBytes(bytes, file);
  const gray = firstChannelIfGray(image);
  const pixels = gray ?? image.data;
  return {
    ...stored,
    width: image.width,
    height: image.height,
    grayContent: gray !== undefined,
    transparent,
    constant: pixels.every((value) => value === pixels[0]),
    contentHash: createHash('sha256').update(`${image.width}x${image.height}:`).update(pixels).digest('hex'),
  };
}

/** The only channel, or the first of three equal ones; undefined for a picture with colours. */
function firstChannelIfGray({ data, channels }: PixelImage): Uint8Array | undefined {
  if (channels === 1) return data;
  const first = new Uint8Array(data.length / 3);
  for (let i = 0, o = 0; i < data.length; i += 3) {
    if (data[i] !== data[i + 1] || data[i] !== data[i + 2]) return undefined;
    first[o++] = data[i];
  }
  return first;
}
