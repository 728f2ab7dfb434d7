/** The pictures of docs/how-it-works, by name. */
import { arenaPicture } from './arena.js';
import { blockPicture } from './block.js';
import { factorsPicture, halfPicture } from './curves.js';
import { densePicture } from './dense.js';
import { gradcamPicture } from './gradcam.js';
import { variantsPicture } from './variants.js';

export const PICTURES: Readonly<Record<string, () => string | Promise<string>>> = {
  dense: densePicture,
  block: blockPicture,
  variants: variantsPicture,
  arena: arenaPicture,
  factors: factorsPicture,
  half: halfPicture,
  gradcam: gradcamPicture,
};
