/** The flags of what Keras' ImageDataGenerator and torchvision's RandomResizedCrop do to training images at random. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { UsageError } from '../../core/errors.js';
import { type AugmentationOptions, augments, makeAugmentation } from '../../data/generator/augmentation.js';
import { AUGMENT_ON, type AugmentOn } from '../../data/generator/generator.js';
import type { RandomResizedCropOptions } from '../../data/generator/randomResizedCrop.js';
import { cellNumber } from '../../data/tables/csvCells.js';
import { FILL_MODES } from '../../shaders/augment/changes.js';

/** A number, or several with commas between them. */
function numbers(text: string): number | number[] {
  const parts = text.split(',').map((part) => cellNumber(part.trim()));
  if (parts.some(Number.isNaN)) throw new InvalidArgumentError('Give a number, or numbers with commas.');
  return parts.length === 1 ? parts[0] : parts;
}

/** `low,high` of the scale, or of scale and ratio. */
function crop(text: string): RandomResizedCropOptions {
  const given = [numbers(text)].flat();
  if (given.length !== 2 && given.length !== 4) {
    throw new InvalidArgumentError('Give low,high of the area, or low,high,low,high of area and ratio.');
  }
  const [low, high, ...ratio] = given;
  const scale = [low, high] as const;
  return ratio.length === 0 ? { scale } : { scale, ratio: [ratio[0], ratio[1]] };
}

type Name = Exclude<keyof AugmentationOptions, 'cval' | 'interpolationOrder' | 'rules'>;

/** Option of the generator, its flag, what it does. */
const FLAGS: readonly (readonly [name: Name, flag: string, what: string])[] = [
  ['rotationRange', '--rotation-range <degrees>', 'turn training images by up to so much either way'],
  [
    'widthShiftRange',
    '--width-shift-range <s>',
    'shift them sideways: a share of the width, or from 1 on pixels',
  ],
  ['heightShiftRange', '--height-shift-range <s>', 'shift them up and down, likewise'],
  ['shearRange', '--shear-range <degrees>', 'shear them by up to so much either way'],
  ['zoomRange', '--zoom-range <z>', 'zoom by 1-z to 1+z, or by low,high; above 1 shrinks'],
  ['channelShiftRange', '--channel-shift-range <n>', 'add up to so much (of 255) either way'],
  ['brightnessRange', '--brightness-range <low,high>', 'multiply by a factor from there'],
  ['horizontalFlip', '--horizontal-flip', 'mirror half of them, left to right'],
  ['verticalFlip', '--vertical-flip', 'turn half of them upside down'],
  [
    'randomResizedCrop',
    '--random-resized-crop <low,high>',
    "keep a part of such a share of the area, at the image's size; width by height 3/4 to 4/3, or ,low,high",
  ],
  [
    'fillMode',
    '--fill-mode <mode>',
    `what a moved image leaves free: ${FILL_MODES.join(', ')} (default: nearest)`,
  ],
];

export interface AugmentationFlags extends Pick<AugmentationOptions, Name> {
  augmentOn?: AugmentOn;
}

export function addAugmentationOptions(command: Command): Command {
  for (const [name, flag, what] of FLAGS) {
    const option = new Option(flag, what);
    if (flag.includes('<')) {
      option.argParser((text) => {
        const parse = name === 'randomResizedCrop' ? crop : numbers;
        const value = name === 'fillMode' ? text : parse(text);
        try {
          makeAugmentation({ [name]: value });
        } catch (error) {
          throw error instanceof UsageError ? new InvalidArgumentError(error.hint) : error;
        }
        return value;
      });
    }
    command.addOption(option);
  }
  return command.addOption(
    new Option(
      '--augment-on <where>',
      'do all this on the processor, or on the GPU: the same draws, the same images but for rounding (default: cpu)',
    ).choices(AUGMENT_ON),
  );
}

/**
 * What the flags ask for; undefined where that changes no image.
 * @throws UsageError for a place to do it, where there is nothing to do
 */
export function augmentationOf(flags: AugmentationFlags): AugmentationOptions | undefined {
  const given = FLAGS.filter(([name]) => flags[name] !== undefined).map(([name]) => [name, flags[name]]);
  const options: AugmentationOptions = Object.fromEntries(given);
  if (augments(makeAugmentation(options))) return options;
  if (flags.augmentOn === undefined) return undefined;
  throw new UsageError(
    '--augment-on says where training images are augmented, and no flag augments any.',
    'Leave it out, or add one such as --rotation-range 10.',
  );
}
