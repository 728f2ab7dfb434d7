/**
 * Batches of X-rays in Keras' order: the semantics of keras-preprocessing 1.1's DataFrameIterator. Two ways
 * through the data, as Keras has them: `getItem(i)` with `onEpochEnd()` (what fit_generator does), and `next()`
 * (what iterating does); their orders differ from the second epoch on.
 */

import { listOfNumbers, oneOf, requireFunction, requireObject, shown } from '../../core/arguments.js';
import { DataError, UsageError } from '../../core/errors.js';
import { MT19937 } from '../../core/mt19937.js';
import { type StateValue, stateFields } from '../../core/stateValue.js';
import type { BatchSource, FloatBatch, Labelled, Normalisation, PixelBatch } from '../../training/batch.js';
import { admitNormalisation } from '../../training/model/admitBatch.js';
import {
  checkedImage,
  checkedPixels,
  type FloatImage,
  firstChannel,
  joinPixels,
  type PixelImage,
} from '../images/pixels.js';
import { checkFrame, type Frame } from '../tables/frame.js';
import {
  type Augmentation,
  type AugmentationOptions,
  augments,
  drawTransform,
  makeAugmentation,
  type Transform,
} from './augmentation.js';
import { rescaled, standardizeInto } from './standardize.js';
import { applyTransform, changeOf } from './transform.js';
import { drawWeighted, type RowWeights } from './weightedDraw.js';

/** Gives the image of a row, decoded and resized to the generator's size; floats where the generator has `floats`. */
export type LoadImage = (file: string, row: number) => Promise<PixelImage | FloatImage>;

export const AUGMENT_ON = ['cpu', 'gpu'] as const;
export type AugmentOn = (typeof AUGMENT_ON)[number];

/** What an `ImageGenerator` is made of. */
export interface ImageGeneratorOptions {
  readonly frame: Frame;
  readonly load: LoadImage;
  /** Whether `load` gives Float32Arrays: then batches are floats too, and all is done on the CPU. Default false. */
  readonly floats?: boolean;
  /** Size of the images that `load` gives. */
  readonly height: number;
  readonly width: number;
  /**
   * Channels that the network reads; default 3. 1: of images in colours the first channel counts. It is taken before
   * they are augmented and normalised, and batches of floats are x[b,h,w,1].
   */
  readonly inputChannels?: 1 | 3;
  /** Default 32, as Keras. */
  readonly batchSize?: number;
  /** A new order every epoch; default true. */
  readonly shuffle?: boolean;
  /**
   * Draws the rows of every epoch by these weights, with replacement and as many as there are, as torch's
   * `WeightedRandomSampler`; `balancedWeights` makes the labels even. Default: every row once.
   */
  readonly rowWeights?: RowWeights;
  /** Start of the random numbers; null or nothing for an order nobody can repeat. */
  readonly seed?: number | null;
  /** Default: pixels as they are, 0..255. */
  readonly normalisation?: Normalisation;
  /** What is done to each image at random; default nothing. */
  readonly augmentation?: AugmentationOptions;
  /**
   * Where `getBatch` has it done: `cpu`, the default, or `gpu`, which leaves augmentation, rescaling and normalisation
   * to the model. Both from the same draws, and the same but for rounding. Draws out of reach of the kernels, such as
   * shifts by 32,000 pixels, are carried out on the CPU all the same.
   */
  readonly augmentOn?: AugmentOn;
  /** Keras' `rescale`: a factor for every pixel, behind the augmentation and before the normalisation. */
  readonly rescale?: number;
  /** Batches loaded ahead of the one asked for; default 2. It changes no result. */
  readonly prefetch?: number;
  /**
   * The random numbers to draw from; default the generator's own. Keras' generators all draw from NumPy's
   * global ones: to have that, give several generators the same.
   */
  readonly rng?: MT19937;
}

/** The names of `ImageGeneratorOptions` but for frame, load and floats. */
export const GENERATOR_OPTIONS: readonly string[] = (
  'height width inputChannels batchSize shuffle rowWeights seed normalisation augmentation ' +
  'augmentOn rescale prefetch rng'
).split(' ');

interface Ahead {
  readonly rows: Int32Array;
  readonly images: Promise<(PixelImage | FloatImage)[]>;
}

interface Claimed {
  readonly rows: Int32Array;
  /** One per image, drawn whether they are used or not. */
  readonly transforms: readonly Transform[];
  readonly images: readonly (PixelImage | FloatImage)[];
}

const STATE = ['samples', 'order', 'batchesSeen', 'nextBatch', 'randomKey', 'randomPosition'] as const;

/** Batches x or pixels[b,h,w,c] with labels[b,classes] over the rows of a frame, in Keras' order; a `BatchSource`. */
export class ImageGenerator implements BatchSource {
  readonly batchSize: number;
  readonly samples: number;
  readonly labels: readonly string[];
  readonly height: number;
  readonly width: number;
  readonly normalisation: Normalisation;
  readonly frame: Frame;
  readonly augmentation: Augmentation;
  readonly rescale: number | null;
  readonly augmentOn: AugmentOn;

  private readonly load: LoadImage;
  private readonly floats: boolean;
  private readonly inputChannels: 1 | 3;
  private readonly shuffle: boolean;
  private readonly weights: ArrayLike<number> | null;
  private readonly seed: number | null;
  private readonly rng: MT19937;
  private readonly prefetch: number;
  private readonly ahead = new Map<number, Ahead>();
  private order: Int32Array | undefined;
  private batchesSeen = 0;
  private nextBatch = 0;

  /**
   * @throws DataError when the frame has no rows, or labels that do not fit them
   * @throws UsageError for a batch size, image size, prefetch, seed, augmentation, normalisation or rescale out of
   *   range
   */
  constructor(options: ImageGeneratorOptions) {
    requireObject('The options of ImageGenerator', options);
    checkFrame(options.frame);
    if (typeof options.load !== 'function') {
      throw new UsageError(`load is ${shown(options.load)}, it must be a function from a name to an image.`);
    }
    this.frame = options.frame;
    this.load = options.load;
    this.floats = options.floats ?? false;
    this.inputChannels = options.inputChannels ?? 3;
    if (this.inputChannels !== 1 && this.inputChannels !== 3) {
      throw new UsageError(`inputChannels is ${shown(this.inputChannels)}, it must be 1 or 3.`);
    }
    this.batchSize = wholeNumber('batch size', options.batchSize ?? 32, 1);
    this.height = wholeNumber('image height', options.height, 1);
    this.width = wholeNumber('image width', options.width, 1);
    this.prefetch = wholeNumber('number of batches to prefetch', options.prefetch ?? 2, 0);
    this.shuffle = options.shuffle ?? true;
    this.weights = admitWeights(options);
    this.seed = options.seed ?? null;
    this.rng = options.rng ?? (this.seed === null ? MT19937.fromEntropy() : new MT19937(this.seed));
    this.normalisation = admitNormalisation(options.normalisation ?? { kind: 'none' }, 'normalisation');
    this.augmentation = makeAugmentation(options.augmentation);
    this.augmentOn = oneOf('augmentOn', options.augmentOn ?? 'cpu', AUGMENT_ON);
    const { rescale = 0 } = options;
    if (!Number.isFinite(rescale)) {
      throw new UsageError(`Pixels cannot be rescaled by ${rescale}.`, 'Give a number.');
    }
    // Keras takes 0 for none.
    this.rescale = rescale === 0 ? null : rescale;
    this.samples = options.frame.images.length;
    this.labels = options.frame.classes;
    if (this.samples === 0) {
      throw new DataError(
        `${options.frame.file}: no images to make batches of.`,
        'Check the CSV and the folder.',
      );
    }
  }

  /** Batches in an epoch: ceil(samples / batchSize). */
  get length(): number {
    return Math.ceil(this.samples / this.batchSize);
  }

  /** Whether batches are something else than the stored pixels, so that `getPixels` has none. */
  get changesPixels(): boolean {
    return this.floats || this.rescale !== null || augments(this.augmentation);
  }

  /**
   * Batch `index` of this epoch, for training and prediction: pixels, with the normalisation left to the GPU;
   * where the generator augments or rescales, floats, or with `augmentOn: 'gpu'` pixels and their changes.
   * @throws as `getItem`
   */
  async getBatch(index: number): Promise<Labelled> {
    if (!this.changesPixels) return this.getPixels(index);
    const claimed = await this.claim(index);
    const onGpu = this.augmentOn === 'gpu' && !this.floats;
    return (onGpu && (await this.toChanged(claimed))) || this.toFloat(claimed);
  }

  /**
   * Batch `index` of this epoch, augmented and normalised on the CPU: x[b,h,w,3]. The last batch may be smaller.
   * @throws UsageError when there is no such batch
   * @throws DataError naming the image that could not be loaded
   */
  async getItem(index: number): Promise<Labelled<FloatBatch>> {
    return this.toFloat(await this.claim(index));
  }

  /**
   * As `getItem`, with the pixels as stored and the normalisation still to do.
   * @throws UsageError also where the generator augments or rescales
   */
  async getPixels(index: number): Promise<Labelled<PixelBatch>> {
    this.requireStoredPixels();
    return this.toPixels(await this.claim(index));
  }

  /** The next batch of an endless iteration, shuffled anew at the first batch of each epoch. */
  async next(): Promise<Labelled<FloatBatch>> {
    return this.toFloat(await this.claimNext());
  }

  /** As `next`, with the pixels as stored. */
  async nextPixels(): Promise<Labelled<PixelBatch>> {
    this.requireStoredPixels();
    return this.toPixels(await this.claimNext());
  }

  /** Draws the order of the next epoch. */
  onEpochEnd(): void {
    this.reorder();
  }

  state(): StateValue {
    const { key, position } = this.rng.getState();
    const { samples, order = null, batchesSeen, nextBatch } = this;
    return { samples, order, batchesSeen, nextBatch, randomKey: key, randomPosition: position };
  }

  restore(state: StateValue): void {
    const kept = stateFields('ImageGenerator', state, STATE);
    if (kept.samples !== this.samples) {
      throw new UsageError(
        `The order that was kept is one of ${kept.samples} images; here are ${this.samples}.`,
        'Give the images that the training had.',
      );
    }
    this.order = (kept.order as Int32Array | null)?.slice();
    this.batchesSeen = kept.batchesSeen as number;
    this.nextBatch = kept.nextBatch as number;
    this.rng.setState({ key: kept.randomKey as Uint32Array, position: kept.randomPosition as number });
    this.ahead.clear();
  }

  private requireStoredPixels(): void {
    if (!this.changesPixels) return;
    throw new UsageError(
      'This generator augments or rescales, or its images are floats: it has no batches of the stored pixels.',
      'Ask for getBatch, getItem or next.',
    );
  }

  // Keras seeds and draws before it loads. Both claims do so before their first await, so that the random
  // numbers follow the order of the calls, however long the images take.

  private claim(index: number): Promise<Claimed> {
    if (!Number.isInteger(index) || index < 0 || index >= this.length) {
      throw new UsageError(
        `Asked to retrieve element ${index}, but the Sequence has length ${this.length}.`,
        `Ask for 0 to ${this.length - 1}.`,
      );
    }
    this.reseed();
    this.batchesSeen++;
    if (this.order === undefined) this.reorder();
    return this.take(index);
  }

  private claimNext(): Promise<Claimed> {
    this.reseed();
    if (this.nextBatch === 0) this.reorder();
    const index = this.nextBatch;
    this.nextBatch = (index + 1) % this.length;
    this.batchesSeen++;
    return this.take(index);
  }

  private reseed(): void {
    if (this.seed !== null) this.rng.seed(this.seed + this.batchesSeen);
  }

  private reorder(): void {
    this.order = this.weights
      ? drawWeighted(this.rng, this.weights, this.samples)
      : this.shuffle
        ? this.rng.permutation(this.samples)
        : Int32Array.from({ length: this.samples }, (_, i) => i);
    this.ahead.clear();
  }

  private async take(index: number): Promise<Claimed> {
    const { rows, images } = this.start(index);
    const transforms = Array.from(rows, () =>
      drawTransform(this.augmentation, this.rng, this.height, this.width),
    );
    this.ahead.delete(index);
    for (const kept of this.ahead.keys()) {
      if (kept < index || kept > index + this.prefetch) this.ahead.delete(kept);
    }
    for (let i = index + 1; i <= index + this.prefetch && i < this.length; i++) {
      const upcoming = this.start(i);
      // Whoever asks for that batch meets its error.
      upcoming.images.catch(() => undefined);
      this.ahead.set(i, upcoming);
    }
    return { rows, transforms, images: await images };
  }

  /** Begins to load a batch of the present order, unless it is under way. */
  private start(index: number): Ahead {
    const begun = this.ahead.get(index);
    if (begun !== undefined) return begun;
    const order = this.order ?? new Int32Array(0);
    const rows = order.slice(index * this.batchSize, (index + 1) * this.batchSize);
    return { rows, images: Promise.all(Array.from(rows, (row) => this.loadRow(row))) };
  }

  private async loadRow(row: number): Promise<PixelImage | FloatImage> {
    const file = this.frame.images[row];
    const loaded = await this.load(file, row);
    const image = this.floats ? checkedPixels(loaded, file) : checkedImage(loaded as PixelImage, file);
    if (image.width !== this.width || image.height !== this.height) {
      throw new DataError(
        `${file} came as ${image.width} x ${image.height} pixels, not ${this.width} x ${this.height}.`,
        'Resize it when loading.',
      );
    }
    return this.inputChannels === 1 ? firstChannel(image) : image;
  }

  private toPixels({ rows, images }: Claimed): Labelled<PixelBatch> {
    return {
      ...this.describe(rows),
      ...joinPixels(images as PixelImage[]),
      normalisation: this.normalisation,
    };
  }

  /** Null where the kernels cannot do it. */
  private async toChanged(claimed: Claimed): Promise<Labelled<PixelBatch> | null> {
    const { fillMode, cval, interpolationOrder, rules } = this.augmentation;
    const images = claimed.transforms.map((one) => changeOf(one, this.augmentation, this));
    const changes = { images, fillMode, cval, interpolationOrder, rules, rescale: this.rescale ?? 1 };
    // A page that augments on the CPU does not load it.
    const { fitsKernels } = await import('../../shaders/augment/changeTable.js');
    return fitsKernels(changes, this) ? { ...this.toPixels(claimed), changes } : null;
  }

  private toFloat({ rows, transforms, images }: Claimed): Labelled<FloatBatch> {
    const each = this.height * this.width * this.inputChannels;
    const x = new Float32Array(images.length * each);
    const moves = augments(this.augmentation);
    images.forEach((image, i) => {
      const moved = moves ? applyTransform(image, transforms[i], this.augmentation) : image;
      const scaled = this.rescale === null ? moved : rescaled(moved, this.rescale);
      standardizeInto(scaled, this.normalisation, x.subarray(i * each, (i + 1) * each));
    });
    return { ...this.describe(rows), x };
  }

  private describe(rows: Int32Array) {
    const classes = this.labels.length;
    const labels = new Float32Array(rows.length * classes);
    rows.forEach((row, i) => {
      labels.set(this.frame.labels.subarray(row * classes, (row + 1) * classes), i * classes);
    });
    const files = Array.from(rows, (row) => this.frame.images[row]);
    return { count: rows.length, height: this.height, width: this.width, labels, files };
  }
}

/** @throws UsageError for weights of a generator that does not shuffle, and for another number than of rows */
function admitWeights({ rowWeights, shuffle, frame }: ImageGeneratorOptions): ArrayLike<number> | null {
  if (rowWeights === undefined) return null;
  requireFunction('rowWeights', rowWeights);
  if (shuffle === false) {
    throw new UsageError('rowWeights draw rows at random, and shuffle is false.', 'Leave one of them out.');
  }
  const weights = listOfNumbers('rowWeights', rowWeights(frame));
  if (weights.length === frame.images.length) return weights;
  throw new UsageError(`rowWeights gives ${weights.length} weights for ${frame.images.length} rows.`);
}

function wholeNumber(what: string, value: number, least: number): number {
  if (!Number.isInteger(value) || value < least) {
    throw new UsageError(`The ${what} ${value} is not usable.`, `Give a whole number, ${least} or more.`);
  }
  return value;
}
