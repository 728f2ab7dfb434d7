/**
 * The model's door for batches: everything about one is checked here, and what comes out is the model's own copy, so
 * that the caller may fill his arrays anew while the model is still at work.
 */
import {
  bytes,
  finite,
  firstIndex,
  firstNotFinite,
  floats,
  listOfNumbers,
  nonNegativeNumber,
  oneOf,
  requireObject,
  shown,
  wholeNumber,
} from '../../core/arguments.js';
import { DataError, UsageError } from '../../core/errors.js';
import type { Batch, BatchShape, FloatBatch, Labelled, Normalisation, PixelBatch } from '../batch.js';
import { checkImageSize, type Network } from '../network.js';
import { UNKNOWN_HINT } from '../unknownLabels.js';

/**
 * A checked copy of a batch for a network: one or three channels of pixels as the network reads them, zeros behind the
 * pixels up to a whole word, a name for every image. Of a batch with x and pixels, x counts.
 * @param labels whether they are wanted: count * classes numbers, each 0 or 1, or NaN where unknown
 * @throws UsageError for a wrong type, count, size, channel or normalisation; DataError for arrays of a wrong length
 *   and values that are not finite, naming the image
 */
export function admitBatch(batch: Batch, network: Network, { labels }: { labels: boolean }): Labelled {
  requireObject('The batch', batch);
  const count = wholeNumber('batch.count', batch.count, 1);
  checkImageSize(network, batch.height);
  checkImageSize(network, batch.width);
  const nameOf = names(batch.files);
  const shape = { count, height: batch.height, width: batch.width };
  const given = batch as Partial<FloatBatch & PixelBatch>;
  const own = labels ? admitLabels(batch.labels, count, nameOf, network.classes) : new Float32Array(0);
  const images =
    given.x === undefined
      ? admitPixels(given, shape, network.inputChannels)
      : { x: admitFloats(given.x, shape, nameOf, network.inputChannels) };
  // Last: a count that the arrays do not bear out may be any number.
  const files = Array.from({ length: count }, (_, i) => nameOf(i));
  return { ...shape, ...images, labels: own, files };
}

/** Says what an image is called in errors. */
function names(files: unknown): (image: number) => string {
  if (files !== undefined && !Array.isArray(files)) {
    throw new UsageError(`batch.files is ${shown(files)}, it must be an array of names.`);
  }
  return (image) => (files?.[image] === undefined ? `image ${image}` : String(files[image]));
}

function admitLabels(
  labels: unknown,
  count: number,
  nameOf: (image: number) => string,
  classes: number,
): Float32Array {
  const given = listOfNumbers('batch.labels', labels);
  if (given.length !== count * classes) {
    throw new DataError(
      `A batch of ${count} images came with ${given.length} labels; ${classes} an image are wanted.`,
    );
  }
  const bad = firstIndex(given, (v) => v !== 0 && v !== 1 && !Number.isNaN(v));
  if (bad >= 0) {
    throw new DataError(`A label of ${nameOf(Math.floor(bad / classes))} is ${given[bad]}, not 0 or 1.`);
  }
  return Float32Array.from(given);
}

/** @throws DataError naming the image where a label of an admitted batch is unknown */
export function requireKnownLabels({ count, labels, files }: Labelled): void {
  const bad = firstIndex(labels, Number.isNaN);
  if (bad < 0) return;
  const image = Math.floor((bad * count) / labels.length);
  throw new DataError(`A label of ${files[image]} is NaN, not 0 or 1.`, UNKNOWN_HINT);
}

function admitFloats(
  given: unknown,
  { count, height, width }: BatchShape,
  nameOf: (image: number) => string,
  channels: number,
): Float32Array {
  const x = floats('batch.x', given);
  const each = height * width * channels;
  const folded = channels === 1 && x.length === 3 * count * each;
  if (!folded) expectLength(`x[b,h,w,${channels}]`, x, count * each);
  const bad = firstNotFinite(x);
  if (bad >= 0) {
    const file = nameOf(Math.floor((bad * count) / x.length));
    throw new DataError(`A pixel of ${file} is ${x[bad]} after normalisation.`);
  }
  return folded ? firstOfThree(x, new Float32Array(x.length / 3)) : x.slice();
}

function admitPixels(
  { pixels: given, channels, normalisation, changes }: Partial<PixelBatch>,
  { count, height, width }: BatchShape,
  wanted: number,
): Pick<PixelBatch, 'channels' | 'pixels' | 'normalisation' | 'changes'> {
  const pixels = bytes('batch.pixels', given);
  if (channels !== 1 && channels !== 3) {
    const hint = channels === (4 as number) ? ' Leave out the alpha channel.' : '';
    throw new UsageError(
      `batch.channels is ${shown(channels)}, it must be 1 (gray) or 3 (red, green, blue).${hint}`,
    );
  }
  if (wanted !== 1 && wanted !== 3) {
    throw new UsageError(
      `Pixels cannot become the ${wanted} channels that this network reads.`,
      'Normalise them yourself and give x[b,h,w,channels].',
    );
  }
  expectLength('pixels', pixels, count * height * width * channels);
  const folded = wanted === 1 && channels === 3;
  const length = folded ? pixels.length / 3 : pixels.length;
  const own = new Uint8Array(new ArrayBuffer(4 * Math.ceil(length / 4)), 0, length);
  if (folded) firstOfThree(pixels, own);
  else own.set(pixels);
  const admitted = admitNormalisation(normalisation);
  return { channels: folded ? 1 : channels, pixels: own, normalisation: admitted, changes };
}

/**
 * A checked copy of a normalisation; `field` names it in errors.
 * @throws UsageError for a kind that there is not, means and deviations that are not three finite numbers each, or
 *   deviations that with epsilon make 0
 */
export function admitNormalisation(given: unknown, field = 'batch.normalisation'): Normalisation {
  requireObject(field, given);
  const normalisation = given as Normalisation;
  oneOf(`${field}: kind`, normalisation.kind, ['none', 'samplewise', 'featurewise']);
  if (normalisation.kind === 'none') return { kind: 'none' };
  const epsilon = nonNegativeNumber(`${field}: epsilon`, normalisation.epsilon);
  if (normalisation.kind === 'samplewise') return { kind: 'samplewise', epsilon };
  const mean = three(`${field}: mean`, normalisation.mean, finite);
  const std = three(`${field}: std`, normalisation.std, nonNegativeNumber);
  const flat = std.findIndex((value) => !Number.isFinite(Math.fround(1 / (value + epsilon))));
  if (flat >= 0) {
    throw new UsageError(
      `${field}: std[${flat}] is ${std[flat]}, and nothing can be divided by it.`,
      'Constant images have no deviation: take the statistics of others, or an epsilon above 0.',
    );
  }
  return { kind: 'featurewise', mean, std, epsilon };
}

function three(
  field: string,
  given: unknown,
  check: (field: string, value: unknown) => number,
): [number, number, number] {
  const values = listOfNumbers(field, given);
  if (values.length !== 3) {
    throw new UsageError(`${field} has ${values.length} numbers; there must be 3, one per channel.`);
  }
  return [check(`${field}[0]`, values[0]), check(`${field}[1]`, values[1]), check(`${field}[2]`, values[2])];
}

/** Channel 0 of [...,3]. */
export function firstOfThree<T extends Uint8Array | Float32Array>(values: T, first: T): T {
  for (let i = 0; i < first.length; i++) first[i] = values[3 * i];
  return first;
}

function expectLength(name: string, data: ArrayLike<number>, length: number): void {
  if (data.length !== length) {
    throw new DataError(`The batch's ${name} holds ${data.length} values where ${length} were expected.`);
  }
}
