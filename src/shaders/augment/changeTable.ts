/** The changes of a batch as the kernels read them: a table of `TABLE_WORDS` words per image. */
import { finite, nonNegativeNumber, oneOf, requireObject, shown, trueOrFalse } from '../../core/arguments.js';
import { UsageError } from '../../core/errors.js';
import {
  type Affine,
  type Changes,
  type Crop,
  FILL_MODES,
  type ImageChange,
  KERAS_RULES,
} from './changes.js';

interface Size {
  readonly height: number;
  readonly width: number;
}

/** Coordinates are held in 16 bits before the point, one of them the sign. */
const MOST_SIDE = 16384;
const MOST_PLACE = 32000;
/** 255 * 2h * 2w, half of 2h * 2w added, fits a u32. */
const MOST_PIXELS = 2 ** 22;
/** Beside bytes, and factors of them; what they make then is far from the end of the floats. */
const MOST_VALUE = 1e6;

/**
 * Whether the kernels can do it: sides up to 16,384 and up to 4,194,304 pixels per image, no source further off than
 * 32,000 pixels, no value or factor above a million.
 */
export function fitsKernels({ images, cval, rescale }: Changes, size: Size): boolean {
  const { height, width } = size;
  if (height > MOST_SIDE || width > MOST_SIDE || height * width > MOST_PIXELS) return false;
  const values = [cval, rescale, ...images.flatMap((one) => [one.channelShift ?? 0, one.brightness ?? 0])];
  if (values.some((value) => Math.abs(value) > MOST_VALUE)) return false;
  return images.every(({ affine }) => affine === null || staysNear(affine, size));
}

function staysNear([a, b, c, d, e, f]: Affine, { height, width }: Size): boolean {
  const corners = [0, height - 1].flatMap((i) => [0, width - 1].map((j) => [i, j]));
  const places = corners.flatMap(([i, j]) => [a * i + b * j + c, d * i + e * j + f]);
  // Also each number of its own: corners may cancel.
  return [a, b, c, d, e, f, ...places].every((place) => Math.abs(place) < MOST_PLACE);
}

/**
 * @throws UsageError for changes that are none, of another number of images, or out of the range of `fitsKernels`
 */
export function checkChanges(changes: Changes, count: number, size: Size): void {
  const name = 'batch.changes';
  requireObject(name, changes);
  const { images, fillMode, cval, interpolationOrder, rules, rescale } = changes;
  oneOf(`${name}.fillMode`, fillMode, FILL_MODES);
  oneOf(`${name}.rules`, rules, KERAS_RULES);
  finite(`${name}.cval`, cval);
  finite(`${name}.rescale`, rescale);
  if (interpolationOrder !== 0 && interpolationOrder !== 1) {
    throw new UsageError(`${name}.interpolationOrder is ${shown(interpolationOrder)}, it must be 0 or 1.`);
  }
  if (!Array.isArray(images) || images.length !== count) {
    throw new UsageError(
      `${name}.images is ${shown(images)}, it must be an array of ${count}, one per image.`,
    );
  }
  images.forEach((image, b) => {
    checkChange(`${name}.images[${b}]`, image, size);
  });
  if (fitsKernels(changes, size)) return;
  throw new UsageError(
    `${name}: the GPU augments images of up to 16,384 pixels a side and 4,194,304 in all, from places up to 32,000 ` +
      'pixels off, by values and factors up to a million.',
    'Augment these on the CPU: x in place of pixels.',
  );
}

function checkChange(name: string, image: ImageChange, { height, width }: Size): void {
  requireObject(name, image);
  const { crop, affine, flipHorizontal, flipVertical, channelShift, brightness } = image;
  trueOrFalse(`${name}.flipHorizontal`, flipHorizontal);
  trueOrFalse(`${name}.flipVertical`, flipVertical);
  if (channelShift !== null) finite(`${name}.channelShift`, channelShift);
  if (brightness !== null) nonNegativeNumber(`${name}.brightness`, brightness);
  if (affine !== null && !(Array.isArray(affine) && affine.length === 6 && affine.every(Number.isFinite))) {
    throw new UsageError(`${name}.affine is ${shown(affine)}, it must be six numbers or null.`);
  }
  if (crop !== null && !liesWithin(crop, height, width)) {
    throw new UsageError(`${name}.crop is ${shown(crop)}, it must lie within ${width} x ${height} pixels.`);
  }
}

function liesWithin(crop: Crop, height: number, width: number): boolean {
  requireObject('A crop', crop);
  const { top, left, height: h, width: w } = crop;
  if (![top, left, h, w].every(Number.isInteger) || top < 0 || left < 0 || h < 1 || w < 1) return false;
  return top + h <= height && left + w <= width;
}

/**
 * Words of the table per image: the matrix (six numbers of two words, two's complement, 48 bits behind the point),
 * flags, channel shift, brightness, none, and the crop's top, left, height, width.
 */
export const TABLE_WORDS = 20;

const MOVED = 1;
const FLIPPED_HORIZONTALLY = 2;
const FLIPPED_VERTICALLY = 4;
const SHIFTED = 8;
const BRIGHTENED = 16;

const IDENTITY: Affine = [1, 0, 0, 0, 1, 0];

/**
 * The table of a batch: table[batch,1,1,TABLE_WORDS]; images that are not there are left as they are.
 * @param batch images that there is room for
 */
export function changeTable(
  images: readonly ImageChange[],
  batch: number,
  { height, width }: Size,
): Uint32Array<ArrayBuffer> {
  const table = new Uint32Array(batch * TABLE_WORDS);
  const floats = new Float32Array(table.buffer);
  const whole = { top: 0, left: 0, height, width };
  for (let b = 0; b < batch; b++) {
    const at = b * TABLE_WORDS;
    const image = images[b] as ImageChange | undefined;
    (image?.affine ?? IDENTITY).forEach((value, k) => {
      table.set(fixedWords(value), at + 2 * k);
    });
    const crop = image?.crop ?? whole;
    table.set([crop.top, crop.left, crop.height, crop.width], at + 16);
    if (!image) continue;
    table[at + 12] =
      (image.affine ? MOVED : 0) +
      (image.flipHorizontal ? FLIPPED_HORIZONTALLY : 0) +
      (image.flipVertical ? FLIPPED_VERTICALLY : 0) +
      (image.channelShift === null ? 0 : SHIFTED) +
      (image.brightness === null ? 0 : BRIGHTENED);
    floats[at + 13] = image.channelShift ?? 0;
    floats[at + 14] = image.brightness ?? 0;
  }
  return table;
}

/** Rounded to a multiple of 2^-48: high word, low word. */
function fixedWords(value: number): [number, number] {
  const fine = BigInt.asUintN(64, BigInt(Math.round(value * 2 ** 48)));
  return [Number(fine >> 32n), Number(fine & 0xffffffffn)];
}
