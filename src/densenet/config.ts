/** What a DenseNet can be: the fields of a configuration, the networks that have a name, the check of every field. */
import {
  listOfNumbers,
  listOfStrings,
  oneOf,
  positiveNumber,
  requireObject,
  share,
  shown,
  wholeNumber,
} from '../core/arguments.js';
import { UsageError } from '../core/errors.js';

export interface DenseNetConfig {
  readonly name: string;
  /** Layers in each dense block; 121 has [6, 12, 24, 16]. */
  readonly blocks: readonly number[];
  /** k: channels that each dense layer appends. */
  readonly growthRate: number;
  /** The 1x1 convolution of a dense layer makes bottleneck * growthRate channels; 0: there is none. */
  readonly bottleneck: number;
  /** A transition keeps floor(channels * compression). */
  readonly compression: number;
  /** 'imagenet': 7x7/2 convolution, bn, relu, 3x3/2 max pool. 'cifar': a 3x3 convolution alone. */
  readonly stem: 'imagenet' | 'cifar';
  /** Channels made by the stem's convolution. */
  readonly stemChannels: number;
  /**
   * 'layer': a batch norm in front of every ReLU. 'block': one at the entrance of each block and no other;
   * goes with the stem 'cifar' and without bottleneck.
   */
  readonly norms: 'layer' | 'block';
  readonly inputChannels: number;
  readonly classes: number;
  /** What makes probabilities of the logits. The losses that come along are for sigmoids: a softmax only predicts. */
  readonly activation: 'sigmoid' | 'softmax';
  readonly bnEpsilon: number;
  readonly bnMomentum: number;
}

type Recipe = Omit<DenseNetConfig, 'name'>;

/** The ImageNet family, with the course's 14 classes for its 1000. */
const IMAGENET: Omit<Recipe, 'blocks'> = {
  growthRate: 32,
  bottleneck: 4,
  compression: 0.5,
  stem: 'imagenet',
  stemChannels: 64,
  norms: 'layer',
  inputChannels: 3,
  classes: 14,
  activation: 'sigmoid',
  bnEpsilon: 1.001e-5,
  bnMomentum: 0.99,
};

/**
 * The "fast" DenseNet-40-12 for CIFAR-10 of titu1994/DenseNet (Keras 1), whose trained weights are public. It
 * reads RGB pixels 0..255 as they are. Its batch norms have Keras 1.2's default epsilon; earlier versions of
 * Keras 1 had 1e-5, and the file does not tell which made it: of 20 test images of CIFAR-10, 19 come out right
 * with either.
 */
const CIFAR_40_12: Recipe = {
  ...IMAGENET,
  blocks: [12, 12, 12],
  growthRate: 12,
  bottleneck: 0,
  compression: 1,
  stem: 'cifar',
  stemChannels: 16,
  norms: 'block',
  classes: 10,
  activation: 'softmax',
  bnEpsilon: 1e-3,
};

/**
 * Small enough to show every number: one block of two layers for gray images of 16x16 pixels, 1,436 numbers in all. It
 * has every kind of layer that DenseNet121 has, but no transition. weights/README.md says what its four outputs are.
 */
const TOY: Recipe = {
  ...IMAGENET,
  blocks: [2],
  growthRate: 4,
  bottleneck: 2,
  stemChannels: 8,
  inputChannels: 1,
  classes: 4,
};

const RECIPES = {
  densenet121: { ...IMAGENET, blocks: [6, 12, 24, 16] },
  densenet169: { ...IMAGENET, blocks: [6, 12, 32, 32] },
  densenet201: { ...IMAGENET, blocks: [6, 12, 48, 32] },
  'densenet40-12': CIFAR_40_12,
  toy: TOY,
} satisfies Record<string, Recipe>;

export type DenseNetName = keyof typeof RECIPES;

/** Side in pixels of the images that the toy is for. */
export const TOY_SIZE = 16;

/** Every network that has a name. */
export const NETWORK_NAMES: readonly DenseNetName[] = Object.freeze(Object.keys(RECIPES) as DenseNetName[]);

/** Networks for X-rays, which the command line offers: the ImageNet family and the toy. */
export const XRAY_NETWORKS: readonly DenseNetName[] = Object.freeze(
  NETWORK_NAMES.filter((name) => RECIPES[name].stem === 'imagenet'),
);

/** The ImageNet family. */
export const DENSENET_NAMES: readonly DenseNetName[] = Object.freeze(
  XRAY_NETWORKS.filter((name) => name !== 'toy'),
);

/**
 * A named network, with any field changed: `densenetConfig('densenet121', { blocks: [2, 2], classes: 3 })`. Fields
 * that are undefined stay as they are.
 * @throws UsageError for an unknown name or field, or a value that no network can have
 */
export function densenetConfig(name: DenseNetName, overrides: Partial<DenseNetConfig> = {}): DenseNetConfig {
  const recipe = Object.hasOwn(RECIPES, name) ? RECIPES[name] : undefined;
  if (!recipe) {
    throw new UsageError(`There is no network ${shown(name)}.`, `Choose ${NETWORK_NAMES.join(', ')}.`);
  }
  requireObject('The fields to change', overrides);
  const given = Object.entries(overrides).filter(([, value]) => value !== undefined);
  return checkedConfig({ name, ...recipe, ...Object.fromEntries(given) });
}

const CHOICES = {
  stem: ['imagenet', 'cifar'],
  norms: ['layer', 'block'],
  activation: ['sigmoid', 'softmax'],
} as const;

/** What no real network reaches; a slip of the keys would otherwise list layers for ever. */
const MOST_LAYERS = 4096;
const MOST_CHANNELS = 65536;

const COUNTS = ['growthRate', 'bottleneck', 'stemChannels', 'inputChannels', 'classes'] as const;

/** All fields of a configuration. */
export const CONFIG_FIELDS: readonly string[] = [
  ...['name', 'blocks', 'compression', 'bnEpsilon', 'bnMomentum'],
  ...[...COUNTS, ...Object.keys(CHOICES)],
];

/**
 * Refuses a field that a configuration does not have.
 * @param whose what messages call it
 * @param known the fields that it may have
 */
export function requireField(whose: string, field: string, known = CONFIG_FIELDS): void {
  if (known.includes(field)) return;
  const near = known.find((one) => one.toLowerCase() === field.toLowerCase().replaceAll('_', ''));
  throw new UsageError(
    `${whose}: a network has no field ${shown(field)}.`,
    near ? `It is spelt ${near}.` : `The fields are ${known.join(', ')}.`,
  );
}

/**
 * A frozen copy of a configuration: what becomes of the caller's changes nothing.
 * @throws UsageError naming the field, what it is and what it may be
 */
export function checkedConfig(given: DenseNetConfig): DenseNetConfig {
  requireObject('The configuration', given);
  if (typeof given.name !== 'string') {
    throw new UsageError(`The configuration's name is ${shown(given.name)}; it must be a string.`);
  }
  for (const field of Object.keys(given)) requireField(given.name, field);
  const { name, blocks, bottleneck, norms, stem } = given;
  for (const field of COUNTS) {
    wholeNumber(`${name}: ${field}`, given[field], field === 'bottleneck' ? 0 : 1, MOST_CHANNELS);
  }
  for (const [field, choices] of Object.entries(CHOICES)) {
    oneOf(`${name}: ${field}`, given[field as keyof typeof CHOICES], choices);
  }
  if (norms === 'block' && (stem !== 'cifar' || bottleneck > 0)) {
    throw new UsageError(
      `${name}: norms 'block' with stem '${stem}' and bottleneck ${bottleneck} is not built.`,
      "Use norms 'block' with stem 'cifar' and bottleneck 0.",
    );
  }
  const layers = Array.from(listOfNumbers(`${name}: blocks`, blocks));
  if (layers.length === 0 || layers.some((n) => !Number.isInteger(n) || n < 1 || n > MOST_LAYERS)) {
    throw new UsageError(
      `${name}: blocks are [${layers.join(', ')}], they must be whole numbers from 1 to ${MOST_LAYERS}.`,
    );
  }
  if (layers.length > 12)
    throw new UsageError(`${name}: ${layers.length} blocks are too many; 12 are the most.`);
  const { compression } = given;
  if (!(share(`${name}: compression`, compression) > 0)) {
    throw new UsageError(`${name}: compression is 0; a transition must keep something.`);
  }
  positiveNumber(`${name}: bnEpsilon`, given.bnEpsilon);
  // Files keep no larger one.
  share(`${name}: bnEpsilon`, given.bnEpsilon);
  share(`${name}: bnMomentum`, given.bnMomentum);
  let channels = given.stemChannels;
  for (const [block, count] of layers.entries()) {
    channels += count * given.growthRate;
    if (block < layers.length - 1) channels = Math.floor(channels * compression);
    if (channels >= 1) continue;
    throw new UsageError(
      `${name}: the compression ${compression} leaves no channel behind block ${block + 1}.`,
    );
  }
  return Object.freeze({ ...given, blocks: Object.freeze(layers) });
}

/** How many outputs a head has: by their names, or by their number. */
export interface HeadOptions {
  /** One output per name. */
  labels?: readonly string[];
  classes?: number;
}

/**
 * The outputs that are asked for.
 * @param usual where neither is given
 * @throws UsageError for a number that no head has, and for names and a number that contradict each other
 */
export function outputsWanted({ labels, classes }: HeadOptions, usual: number): number {
  const names = labels === undefined ? undefined : listOfStrings('labels', labels, 'name');
  if (classes !== undefined) wholeNumber('classes', classes, 1);
  if (names && classes !== undefined && names.length !== classes) {
    throw new UsageError(
      `There are ${names.length} labels, and classes is ${classes}.`,
      'Leave one of them out.',
    );
  }
  const twice = names?.find((name, i) => name !== '' && names.indexOf(name) < i);
  if (twice !== undefined) {
    throw new UsageError(
      `labels names ${shown(twice)} twice.`,
      'Each output has a name of its own, or none.',
    );
  }
  const wanted = names?.length ?? classes ?? usual;
  if (wanted === 0) throw new UsageError('labels is empty.', 'Give one name per output.');
  return wanted;
}
