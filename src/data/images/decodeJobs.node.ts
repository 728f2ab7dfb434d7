/** The work that a decode worker does, in messages that cross a thread boundary. */
import { decodeFile } from './decode.node.js';
import { inspectFile } from './imageFacts.node.js';
import type { ImageFacts, PixelFacts, Scaling } from './pixelFacts.js';
import type { PixelImage } from './pixels.js';
import { type Interpolation, resize } from './resize.js';

interface FileJob {
  readonly file: string;
  readonly scaling: Scaling;
}

export type DecodeJob =
  | (FileJob & {
      readonly kind: 'load';
      readonly width: number;
      readonly height: number;
      readonly interpolation: Interpolation;
    })
  | (FileJob & { readonly kind: 'inspect' });

/** The image as resized, with the facts of the whole one. */
export type LoadedImage = PixelImage & { readonly facts: PixelFacts };

export type JobResult = LoadedImage | ImageFacts;

/** @throws DataError naming the file */
export async function runJob(job: DecodeJob): Promise<JobResult> {
  if (job.kind === 'inspect') return inspectFile(job.file, job.scaling);
  const { image } = await decodeFile(job.file, job.scaling);
  return { ...resize(image, job.width, job.height, job.interpolation), facts: image.facts };
}
