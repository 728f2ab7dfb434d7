/**
 * What pixels were before they became 8-bit numbers, and what was lost on the way. It travels with them, so that
 * everything which reads images (`check`, a training, a prediction, the page) says the same of them.
 */
import { kindOf, shown } from '../../core/arguments.js';
import { UsageError } from '../../core/errors.js';
import { firstFew } from '../../core/formatting.js';

/**
 * How stored samples become pixels 0..255. 'keras': as PIL's `convert('RGB')`, which clips 16-bit gray at 255;
 * 'depth': the highest 8 bits of 16; 'range': each image from its darkest to its brightest sample.
 */
export type Scaling = 'keras' | 'depth' | 'range';
/** Every `Scaling`; the first is the default. */
export const SCALINGS: readonly Scaling[] = ['keras', 'depth', 'range'];

/** @throws UsageError for what is no scaling */
export function checkScaling(scaling: string): Scaling {
  const known = SCALINGS.find((kind) => kind === scaling);
  if (known) return known;
  throw new UsageError(`There is no scaling "${scaling}".`, `There are ${SCALINGS.join(', ')}.`);
}

/** What the file stores, before any conversion. */
export interface StoredImage {
  readonly format: string;
  /** Channels stored: gray, gray+alpha, palette, rgb, rgba. */
  readonly mode: 'gray' | 'gray+alpha' | 'palette' | 'rgb' | 'rgba';
  /** Bits per sample. */
  readonly bits: number;
}

export interface PixelFacts extends StoredImage {
  readonly scaling: Scaling;
  /** An alpha channel or tRNS holds something but full opacity. It is ignored. */
  readonly transparent: boolean;
  /** Share of the pixels, 0..1, that were brighter than 255 and became 255. */
  readonly clipped: number;
  /** The least and the largest pixel, 0..255. */
  readonly min: number;
  readonly max: number;
  /** One value everywhere. */
  readonly constant: boolean;
  /** All channels equal at every pixel. */
  readonly grayContent: boolean;
}

/** What an image file stores and shows. */
export interface ImageFacts extends PixelFacts {
  readonly width: number;
  readonly height: number;
  /** Equal for equal size and equal pixels, however they are stored. */
  readonly contentHash: string;
}

/** Images that use no more levels than this of 256 are too dark or too flat to be meant so. */
const FEW_LEVELS = 16;

export interface PixelFinding {
  /** A fixed word for machines, e.g. 'constant-images'. */
  readonly kind: string;
  /** Names of the images concerned. */
  readonly items: readonly string[];
  /** One sentence or two for people, with their number and the first names. */
  readonly message: string;
  /** Flags of the command line that help. */
  readonly advice?: string;
}

const RANGE = '`scaling: range` goes from the darkest to the brightest pixel of each image.';

/** Range and colours of decoded pixels: the facts that can be read off data[h,w,channels]. */
export function contentFacts(
  data: Uint8Array,
  channels: 1 | 3,
): Pick<PixelFacts, 'min' | 'max' | 'constant' | 'grayContent'> {
  let min = 255;
  let max = 0;
  for (let i = 0; i < data.length && (min > 0 || max < 255); i++) {
    const value = data[i];
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return {
    min,
    max,
    constant: min === max || sameEverywhere(data, channels),
    grayContent: isGray(data, channels),
  };
}

/** Of one colour everywhere. */
function sameEverywhere(data: Uint8Array, channels: 1 | 3): boolean {
  for (let i = channels; i < data.length; i++) if (data[i] !== data[i - channels]) return false;
  return true;
}

function isGray(data: Uint8Array, channels: 1 | 3): boolean {
  if (channels === 1) return true;
  for (let i = 0; i < data.length; i += 3) {
    if (data[i] !== data[i + 1] || data[i] !== data[i + 2]) return false;
  }
  return true;
}

/**
 * What should be said of images before their numbers are believed; nothing where all is well.
 * @param images facts by the image's name
 * @throws UsageError for what is no Map
 */
export function pixelFindings(images: ReadonlyMap<string, PixelFacts>): PixelFinding[] {
  if (kindOf(images) !== 'Map') {
    throw new UsageError(`The images is ${shown(images)}, it must be a Map of facts by name.`);
  }
  const all = [...images];
  const where = (test: (facts: PixelFacts) => boolean) =>
    all.filter(([, facts]) => test(facts)).map(([name]) => name);
  const of = (items: readonly string[]) => {
    const verb = items.length === 1 ? 'is' : 'are';
    return `${items.length} of ${all.length} ${all.length === 1 ? 'image' : 'images'} ${verb}`;
  };
  const have = (items: readonly string[]) => of(items).replace(/is$/, 'has').replace(/are$/, 'have');
  const clipped = where((facts) => facts.clipped > 0);
  const transparent = where((facts) => facts.transparent);
  const constant = where((facts) => facts.constant);
  const flat = where((facts) => !facts.constant && facts.max - facts.min < FEW_LEVELS);
  const coloured = where((facts) => !facts.grayContent);
  const share = clipped.reduce((sum, name) => sum + (images.get(name)?.clipped ?? 0), 0) / clipped.length;
  const findings: PixelFinding[] = [
    {
      kind: 'saturating-16-bit',
      items: clipped,
      message:
        `${of(clipped)} 16-bit gray with values above 255 (${firstFew(clipped)}): Keras clips every value to 255, ` +
        `so ${wholePercent(share)} of their pixels are white.`,
      advice: `\`scaling: depth\` keeps the highest 8 of 16 bits, ${RANGE}`,
    },
    {
      kind: 'transparent-images',
      items: transparent,
      message:
        `${have(transparent)} transparent pixels (${firstFew(transparent)}): transparency is ignored, as Keras ` +
        'does, and the colour stored under it is used.',
    },
    {
      kind: 'constant-images',
      items: constant,
      message: `${of(constant)} of one single value (${firstFew(constant)}): nothing can be seen there.`,
    },
    {
      kind: 'flat-images',
      items: flat,
      message:
        `${have(flat)} at most ${FEW_LEVELS} of 256 levels (${firstFew(flat)}; ${rangeOf(images, flat)}): ` +
        'almost black or without contrast, as when samples of fewer bits are stored unscaled.',
      advice: RANGE,
    },
    {
      kind: 'coloured-images',
      items: coloured,
      message: `${of(coloured)} in colours, as no X-ray is (${firstFew(coloured)}).`,
    },
  ];
  return findings.filter(({ items }) => items.length > 0);
}

/** For people at a command line. */
export const inWords = ({ message, advice }: PixelFinding): string =>
  advice === undefined ? message : `${message} ${advice}`;

/** Never 0 % or 100 % of what is not so. */
function wholePercent(share: number): string {
  if (share < 0.01) return 'less than 1 %';
  return share < 1 ? `${Math.min(99, Math.round(share * 100))} %` : 'all';
}

function rangeOf(images: ReadonlyMap<string, PixelFacts>, [first]: readonly string[]): string {
  const facts = first === undefined ? undefined : images.get(first);
  return facts === undefined ? '' : `the first from ${facts.min} to ${facts.max}`;
}
