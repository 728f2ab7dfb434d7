/**
 * What Keras' ImageDataGenerator can do at random to an image, and the drawing of it: keras-preprocessing 1.1's
 * `get_random_transform`, number for number. Applying it is in transform.ts.
 */
import { requireMethod, requireObject } from '../../core/arguments.js';
import { UsageError } from '../../core/errors.js';
import type { MT19937 } from '../../core/mt19937.js';
import {
  type Crop,
  FILL_MODES,
  type FillMode,
  KERAS_RULES,
  type KerasRules,
} from '../../shaders/augment/changes.js';
import {
  drawCrop,
  makeRandomResizedCrop,
  type RandomResizedCrop,
  type RandomResizedCropOptions,
} from './randomResizedCrop.js';

/**
 * A shift as Keras' `width_shift_range` takes it. A number below 1 is a share of the side, uniform in +-. A
 * whole number n draws one of 0..n-1 pixels and a sign; any other number is pixels, uniform in +-, and
 * `{ pixels: 2 }` is Python's 2.0. A list draws one of its numbers and a sign: pixels, or shares of the side
 * where all are below 1.
 */
export type ShiftRange = number | readonly number[] | { readonly pixels: number };

/** Keras' names, and one of torchvision's. What is left out is off. ZCA whitening is not offered. */
export interface AugmentationOptions {
  /** torchvision's: a part of the image at the image's size, ahead of all others. `{}` takes its defaults. */
  readonly randomResizedCrop?: RandomResizedCropOptions;
  /** Turns by up to so many degrees either way. */
  readonly rotationRange?: number;
  readonly widthShiftRange?: ShiftRange;
  readonly heightShiftRange?: ShiftRange;
  /** Shears by up to so many degrees either way. */
  readonly shearRange?: number;
  /** [low, high], or z for [1 - z, 1 + z]; rows and columns by factors of their own. Above 1 shrinks the image. */
  readonly zoomRange?: number | readonly [low: number, high: number];
  /** Adds up to so much either way, the same to all channels, kept within the image's own range. */
  readonly channelShiftRange?: number;
  /** Multiplies by a factor from here, on pixels stretched as `rules` says. */
  readonly brightnessRange?: readonly [low: number, high: number];
  readonly horizontalFlip?: boolean;
  readonly verticalFlip?: boolean;
  /** Default 'nearest'. */
  readonly fillMode?: FillMode;
  /** Value outside the image for the fill mode 'constant'; default 0. */
  readonly cval?: number;
  /** 1, the default: between pixels linearly; 0: the nearest pixel. */
  readonly interpolationOrder?: 0 | 1;
  /** Default '1.1.0', the notebook's. */
  readonly rules?: KerasRules;
}

/** Options checked, with every default filled in. */
export interface Augmentation {
  readonly randomResizedCrop: RandomResizedCrop | null;
  readonly rotationRange: number;
  readonly widthShiftRange: ShiftRange;
  readonly heightShiftRange: ShiftRange;
  readonly shearRange: number;
  readonly zoomRange: readonly [low: number, high: number];
  readonly channelShiftRange: number;
  readonly brightnessRange: readonly [low: number, high: number] | null;
  readonly horizontalFlip: boolean;
  readonly verticalFlip: boolean;
  readonly fillMode: FillMode;
  readonly cval: number;
  readonly interpolationOrder: 0 | 1;
  readonly rules: KerasRules;
}

const OFF: Augmentation = {
  randomResizedCrop: null,
  rotationRange: 0,
  widthShiftRange: 0,
  heightShiftRange: 0,
  shearRange: 0,
  zoomRange: [1, 1],
  channelShiftRange: 0,
  brightnessRange: null,
  horizontalFlip: false,
  verticalFlip: false,
  fillMode: 'nearest',
  cval: 0,
  interpolationOrder: 1,
  rules: '1.1.0',
};

/** @throws UsageError naming the option that makes no sense, or that there is no such option */
export function makeAugmentation(options: AugmentationOptions = {}): Augmentation {
  requireObject('The augmentation', options);
  const given = Object.entries(options).filter(([, value]) => value !== undefined && value !== null);
  for (const [name] of given) {
    if (!(name in OFF)) {
      throw new UsageError(
        `There is no augmentation "${name}".`,
        name.startsWith('zca')
          ? 'ZCA whitening is not offered.'
          : `There are ${Object.keys(OFF).join(', ')}.`,
      );
    }
  }
  interface Filled extends Omit<Augmentation, 'zoomRange' | 'randomResizedCrop'> {
    readonly zoomRange?: AugmentationOptions['zoomRange'];
    readonly randomResizedCrop: RandomResizedCropOptions | null;
  }
  const filled: Filled = { ...OFF, ...Object.fromEntries(given) };
  const { zoomRange, randomResizedCrop: crop, ...rest } = filled;
  const zoom = typeof zoomRange === 'number' ? ([1 - zoomRange, 1 + zoomRange] as const) : zoomRange;
  const augmentation = {
    ...rest,
    zoomRange: zoom ?? OFF.zoomRange,
    randomResizedCrop: crop ? makeRandomResizedCrop(crop) : null,
  };
  check(augmentation);
  return augmentation;
}

function check(a: Augmentation): void {
  const demand = (good: boolean, name: keyof Augmentation, hint: string) => {
    if (!good) throw new UsageError(`${name} cannot be ${JSON.stringify(a[name])}.`, hint);
  };
  for (const name of ['rotationRange', 'shearRange', 'channelShiftRange'] as const) {
    demand(Number.isFinite(a[name]) && a[name] >= 0, name, 'Give a number, 0 or more.');
  }
  for (const name of ['widthShiftRange', 'heightShiftRange'] as const) {
    demand(isShift(a[name]), name, 'Give a number from 0 up, { pixels: n }, or a list of numbers.');
  }
  demand(isRange(a.zoomRange, Number.MIN_VALUE), 'zoomRange', 'Give z below 1, or [low, high] above 0.');
  demand(
    a.brightnessRange === null || isRange(a.brightnessRange, 0),
    'brightnessRange',
    'Give [low, high], 0 or more.',
  );
  demand(Number.isFinite(a.cval), 'cval', 'Give a number.');
  for (const name of ['horizontalFlip', 'verticalFlip'] as const) {
    demand(typeof a[name] === 'boolean', name, 'Give true or false.');
  }
  const oneOf = <K extends keyof Augmentation>(name: K, known: readonly Augmentation[K][]) =>
    demand(known.includes(a[name]), name, `Give one of ${known.join(', ')}.`);
  oneOf('fillMode', FILL_MODES);
  oneOf('interpolationOrder', [0, 1]);
  oneOf('rules', KERAS_RULES);
}

function isShift(shift: ShiftRange): boolean {
  if (typeof shift === 'number') return Number.isFinite(shift) && shift >= 0;
  if (Array.isArray(shift)) return shift.length > 0 && shift.every(Number.isFinite);
  const { pixels } = shift as { pixels: number };
  return Number.isFinite(pixels) && pixels >= 0;
}

function isRange(range: readonly number[], least: number): boolean {
  return range.length === 2 && range.every((n) => Number.isFinite(n) && n >= least) && range[0] <= range[1];
}

/** True when some image may come out changed. */
export function augments(a: Augmentation): boolean {
  const shifts = (shift: ShiftRange) => shift !== 0;
  return (
    a.randomResizedCrop !== null ||
    a.rotationRange > 0 ||
    shifts(a.widthShiftRange) ||
    shifts(a.heightShiftRange) ||
    a.shearRange > 0 ||
    a.zoomRange[0] !== 1 ||
    a.zoomRange[1] !== 1 ||
    a.channelShiftRange > 0 ||
    a.brightnessRange !== null ||
    a.horizontalFlip ||
    a.verticalFlip
  );
}

/** What is done to one image; Keras' names. */
export interface Transform {
  /** null: none. */
  readonly crop: Crop | null;
  /** Degrees. */
  readonly theta: number;
  /** Pixels along the rows' axis (up and down). */
  readonly tx: number;
  /** Pixels along the columns' axis. */
  readonly ty: number;
  /** Degrees. */
  readonly shear: number;
  readonly zx: number;
  readonly zy: number;
  readonly flipHorizontal: boolean;
  readonly flipVertical: boolean;
  /** null: none. */
  readonly channelShift: number | null;
  /** null: none. */
  readonly brightness: number | null;
}

/**
 * A crop, then Keras' `get_random_transform`: the draws in its order. The two flips are drawn for every image, wanted
 * or not, so that even without augmentation an image costs two numbers.
 */
export function drawTransform(a: Augmentation, rng: MT19937, height: number, width: number): Transform {
  requireObject('The augmentation', a);
  requireMethod('The random numbers', rng, 'uniform', 'MT19937');
  const crop = a.randomResizedCrop && drawCrop(a.randomResizedCrop, rng, height, width);
  const either = (range: number) => (range === 0 ? 0 : rng.uniform(-range, range));
  const theta = either(a.rotationRange);
  const tx = drawShift(a.heightShiftRange, height, rng);
  const ty = drawShift(a.widthShiftRange, width, rng);
  const shear = either(a.shearRange);
  const [low, high] = a.zoomRange;
  const zoom = () => (low === 1 && high === 1 ? 1 : rng.uniform(low, high));
  const zx = zoom();
  const zy = zoom();
  const flipHorizontal = rng.random() < 0.5 && a.horizontalFlip;
  const flipVertical = rng.random() < 0.5 && a.verticalFlip;
  const channelShift = a.channelShiftRange === 0 ? null : either(a.channelShiftRange);
  const brightness = a.brightnessRange === null ? null : rng.uniform(...a.brightnessRange);
  return { crop, theta, tx, ty, shear, zx, zy, flipHorizontal, flipVertical, channelShift, brightness };
}

function drawShift(shift: ShiftRange, side: number, rng: MT19937): number {
  if (typeof shift === 'number') {
    if (shift === 0) return 0;
    if (Number.isInteger(shift)) return rng.choice(shift) * drawSign(rng);
    return rng.uniform(-shift, shift) * (shift < 1 ? side : 1);
  }
  if ('pixels' in shift) return shift.pixels === 0 ? 0 : rng.uniform(-shift.pixels, shift.pixels);
  const drawn = shift[rng.choice(shift.length)] * drawSign(rng);
  return Math.max(...shift) < 1 ? drawn * side : drawn;
}

function drawSign(rng: MT19937): number {
  return [-1, 1][rng.choice(2)];
}
