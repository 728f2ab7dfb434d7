/**
 * What is done to each image of a batch, in numbers: what the image generator drew, and how it is carried out. The
 * processor does it in src/data/generator/transform.ts, the kernels of this folder on the GPU.
 */

export const FILL_MODES = ['nearest', 'constant', 'reflect', 'wrap'] as const;
/** Where a transformed image has no source: the edge pixel, `cval`, a mirror image, or the other side. */
export type FillMode = (typeof FILL_MODES)[number];

export const KERAS_RULES = ['1.1.0', '1.1.2', 'tf.keras'] as const;
/**
 * Whose arithmetic: keras-preprocessing 1.1.0 or 1.1.2, or tf.keras as of tf_keras 2.21. The first two turn
 * about (h/2 + 0.5, w/2 + 0.5), one pixel off the centre; tf.keras about the centre, with rows and columns
 * exchanged (of the centre's coordinates too, so that an image that is not square turns about another point).
 * Brightness first stretches the pixels: 1.1.0 to a highest value of 255, 1.1.2 to 0..255, tf.keras only where
 * they leave 0..255. `fit` takes its statistics before `rescale` in 1.1.0, after it in the others.
 */
export type KerasRules = (typeof KERAS_RULES)[number];

/** [a b c; d e f]: output pixel (i, j), row first, is taken from (a i + b j + c, d i + e j + f). */
export type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

/** A part of an image, in its pixels. */
export interface Crop {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** What is done to one image, in this order; null: not that. */
export interface ImageChange {
  /** Brought to the size of the image. */
  readonly crop: Crop | null;
  readonly affine: Affine | null;
  readonly flipHorizontal: boolean;
  readonly flipVertical: boolean;
  /** Added to all values, which stay within the range that the image had. */
  readonly channelShift: number | null;
  /** Multiplies pixels that are stretched as `rules` says. */
  readonly brightness: number | null;
}

/** What is the same for all images of a generator. */
export interface ChangeRules {
  readonly fillMode: FillMode;
  /** Value outside the image for the fill mode 'constant'. */
  readonly cval: number;
  /** 1: between pixels linearly; 0: the nearest pixel. */
  readonly interpolationOrder: 0 | 1;
  readonly rules: KerasRules;
  /** A factor for every pixel, last. */
  readonly rescale: number;
}

/** What the GPU does to the stored pixels of a batch before it normalises them. */
export interface Changes extends ChangeRules {
  /** One per image of the batch. */
  readonly images: readonly ImageChange[];
}
