/** Phantoms by number, for whoever shows how a network works: each is the same picture everywhere. */
import { wholeNumber } from '../../core/arguments.js';
import { UsageError } from '../../core/errors.js';
import type { PixelImage } from '../images/pixels.js';
import { makeCohort, type PhantomSpec } from './cohort.js';
import { drawPhantom } from './drawPhantom.js';

/** The cohort that `chexgpu phantoms --images 60` draws. */
const COHORT = { images: 60, seed: 1 };
/** Side in pixels; a network's own comes of it by `xrayBatch`, as of any other X-ray. */
const SIDE = 320;

export interface NumberedPhantom {
  readonly number: number;
  /** pixels[320,320,1] */
  readonly image: PixelImage;
  /** labels[14] that it was drawn with, in the order of `LABELS`. */
  readonly truth: PhantomSpec['labels'];
}

/**
 * @param number 1 is the first picture of the cohort that `chexgpu phantoms --images 60` draws
 * @throws UsageError unless it is 1 to 60
 */
export function numberedPhantom(number: number): NumberedPhantom {
  const spec = makeCohort(COHORT)[wholeNumber('number', number, 1) - 1];
  if (!spec) throw new UsageError(`There is no phantom ${number}.`, `They are 1 to ${COHORT.images}.`);
  const { pixels: data } = drawPhantom(spec, SIDE);
  return { number, image: { width: SIDE, height: SIDE, channels: 1, data }, truth: spec.labels };
}
