/** What a network can be: every field of a configuration, checked at the one door that all of them pass. */
import {
  listOfNumbers,
  oneOf,
  positiveNumber,
  requireObject,
  share,
  shown,
  wholeNumber,
} from '../core/arguments.js';
import { UsageError } from '../core/errors.js';
import type { DenseNetConfig } from './architecture.js';

const CHOICES = {
  stem: ['imagenet', 'cifar'],
  norms: ['layer', 'block'],
  activation: ['sigmoid', 'softmax'],
} as const;

/** What no real network reaches; a slip of the keys would otherwise list layers for ever. */
const MOST_LAYERS = 4096;
const MOST_CHANNELS = 65536;

const COUNTS = ['growthRate', 'bottleneck', 'stemChannels', 'inputChannels', 'classes'] as const;

const FIELDS = new Set([
  ...['name', 'blocks', 'compression', 'bnEpsilon', 'bnMomentum'],
  ...[...COUNTS, ...Object.keys(CHOICES)],
]);

/**
 * A frozen copy of a configuration: what becomes of the caller's changes nothing.
 * @throws UsageError naming the field, what it is and what it may be
 */
export function checkedConfig(given: DenseNetConfig): DenseNetConfig {
  requireObject('The configuration', given);
  if (typeof given.name !== 'string') {
    throw new UsageError(`The configuration's name is ${shown(given.name)}; it must be a string.`);
  }
  for (const field of Object.keys(given)) {
    if (FIELDS.has(field)) continue;
    const near = [...FIELDS].find((known) => known.toLowerCase() === field.toLowerCase().replaceAll('_', ''));
    throw new UsageError(
      `${given.name}: a network has no field ${shown(field)}.`,
      near ? `It is spelt ${near}.` : `The fields are ${[...FIELDS].join(', ')}.`,
    );
  }
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
