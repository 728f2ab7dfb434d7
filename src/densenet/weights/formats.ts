/**
 * The formats of weight files. A file is told by its content, never by its name; which format is to be written, the
 * user says by its kind, or by the ending of the file's name.
 */
import { UsageError, WeightsError } from '../../core/errors.js';
import type { WeightMap } from '../../training/parameterSpec.js';
import type { DenseNetConfig } from '../architecture.js';
import type { ReadWeights, WeightsFormat, WeightsReadOptions, WeightsWriteOptions } from './format.js';
import { KERAS_HDF5 } from './keras/kerasFormat.js';
import { NUMPY_NPZ } from './numpy/npzFormat.js';
import { TORCH_SAFETENSORS } from './torch/torchFormat.js';
import { checkReading, checkWriting, requireBytes, written } from './weightArguments.js';

/** One line each. */
const FORMATS = [KERAS_HDF5, TORCH_SAFETENSORS, NUMPY_NPZ] as const satisfies readonly WeightsFormat[];

/** What a file of any of the formats is read as. */
export type AnyWeights = Awaited<ReturnType<(typeof FORMATS)[number]['read']>>;

/** The kinds of files that can be written, by the name that a user asks for them with. */
export const WEIGHTS_KINDS: readonly string[] = Object.freeze(
  FORMATS.flatMap(({ writes }) => Object.keys(writes)),
);

/** The endings of weight files' names. */
export const WEIGHTS_ENDINGS: readonly string[] = Object.freeze([
  ...new Set(FORMATS.flatMap(({ writes }) => Object.values(writes).flat())),
]);

/** All of them in words. */
export const WEIGHTS_NAMES = FORMATS.map(({ name }) => name).join(', ');

/** The format of a file that begins so; undefined for one of none. @throws UsageError unless it is a Uint8Array */
export function sniffWeights(bytes: Uint8Array): WeightsFormat | undefined {
  requireBytes(bytes);
  return FORMATS.find((format) => format.sniff(bytes));
}

/**
 * Reads the bytes of a weight file of any format. `name` is what errors call it; the bytes must not change until the
 * promise settles.
 * @throws WeightsError for bytes of no format and for those of another network than the one configured, naming the
 *   layer, the shape found and the shape wanted; there is never half a result; UsageError for bytes that are no
 *   Uint8Array, and for a configuration that makes no sense
 */
export async function readWeights(
  bytes: Uint8Array,
  config: DenseNetConfig,
  name = 'The weight file',
  options: WeightsReadOptions = {},
): Promise<AnyWeights> {
  checkReading(bytes, config, options);
  options.signal?.throwIfAborted();
  const format = FORMATS.find((one) => one.sniff(bytes));
  if (format) return format.read(bytes, config, name, options);
  const { refuseForeign } = await import('./foreignFiles.js');
  refuseForeign(bytes, name, 'a weight file');
  throw new WeightsError(
    `${name} is no weight file of a known format (${WEIGHTS_NAMES}).`,
    'Get the file again, or save the weights in one of these.',
  );
}

function formatOf(kind: string): WeightsFormat {
  const format = FORMATS.find(({ writes }) => Object.hasOwn(writes, kind));
  if (format) return format;
  throw new UsageError(`There is no format '${kind}'.`, `Choose ${WEIGHTS_KINDS.join(', ')}.`);
}

/**
 * The kind of file to write at `path`: the one wanted, else the first that has such names.
 * @throws UsageError for an ending that no kind has, or that the one wanted has not
 */
export function kindFor(path: string, wanted?: string): string {
  const ending = WEIGHTS_ENDINGS.filter((one) => path.toLowerCase().endsWith(one)).sort(
    (a, b) => b.length - a.length,
  )[0];
  if (wanted !== undefined) {
    const endings = formatOf(wanted).writes[wanted];
    if (endings.includes(ending)) return wanted;
    throw new UsageError(
      `${path} cannot be of format '${wanted}': the names of such files end in ${endings.join(' or ')}.`,
      `Call it x${endings[0]}.`,
    );
  }
  const kinds = FORMATS.flatMap(({ writes }) => Object.entries<readonly string[]>(writes));
  const found = kinds.find(([, endings]) => endings.includes(ending));
  if (found) return found[0];
  throw new UsageError(
    `${path} ends in none of ${WEIGHTS_ENDINGS.join(', ')}.`,
    'The ending says the format.',
  );
}

/**
 * The bytes of a weight file.
 * @param kind one of WEIGHTS_KINDS
 * @throws WeightsError when the tensors are not the network's; UsageError for an unknown kind, and for what it has no
 *   place for
 */
export async function writeWeights(
  kind: string,
  tensors: WeightMap,
  config: DenseNetConfig,
  options: WeightsWriteOptions = {},
): Promise<Uint8Array> {
  checkWriting(tensors, config, options);
  const { signal, onProgress, ...rest } = options;
  const { write } = formatOf(kind);
  return written({ signal, onProgress }, tensors, () => write(kind, tensors, config, rest));
}

/** What of the weights' meaning a file of this kind cannot say, in words. @throws UsageError for an unknown kind */
export async function leftOut(
  kind: string,
  weights: Pick<ReadWeights, 'config'> & WeightsWriteOptions,
): Promise<string[]> {
  return formatOf(kind).leavesOut(kind, weights.config, weights);
}
