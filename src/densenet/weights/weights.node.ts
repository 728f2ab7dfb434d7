/** Weight files on disk: finding them by name, reading and writing them safely. */
import { createHash } from 'node:crypto';
import { lstat, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { requireFields, requirePath } from '../../core/arguments.js';
import { WeightsError } from '../../core/errors.js';
import { readRegularFile } from '../../core/readFile.node.js';
import { checkWork } from '../../core/work.js';
import { writeWhole } from '../../core/writeFile.node.js';
import type { WeightMap } from '../../training/parameterSpec.js';
import type { DenseNetConfig } from '../architecture.js';
import type { WeightsReadOptions, WeightsReport, WeightsWriteOptions } from './format.js';
import { type AnyWeights, kindFor, readWeights, WEIGHTS_ENDINGS, writeWeights } from './formats.js';
import { KNOWN_WEIGHTS } from './publicFiles.js';
import type { SaidBy } from './statedFacts.js';
import { READING } from './weightArguments.js';

/**
 * `config` is what was asked for, with what the file says of itself. Every file says how many input channels and
 * classes it has; safetensors and Keras' `model.save` also the activation and the batch norms' epsilon and momentum.
 * `labels` and `thresholds` Keras files leave to whoever reads them, and `preprocessing` too unless their model
 * rescales its pixels itself.
 */
export type WeightFile = AnyWeights & {
  /** Where it was found. */
  path: string;
  bytes: number;
  sha256: string;
  /** One line for people: what was read and whether it is the public file of that name. */
  summary: string;
};

/** A weight file's bytes, not yet understood. */
export interface WeightBytes {
  path: string;
  content: Uint8Array;
  sha256: string;
}

/** Twice what DenseNet201 in float64 with Adam's state takes. */
const LARGEST_FILE = 2 ** 30;

/**
 * The bytes of a weight file, by path or by name (see `resolveWeights`).
 * @throws WeightsError when there is none, or when it is no regular file or larger than 1.07 GB
 */
export async function loadWeightBytes(pathOrName: string, folder?: string): Promise<WeightBytes> {
  const path = await resolveWeights(pathOrName, folder);
  const content = await readRegularFile(path, { limit: LARGEST_FILE, error: WeightsError });
  return { path, content, sha256: sha256Of(content) };
}

/**
 * Reads a weight file of any of the formats (formats.ts), by path or by name (see `resolveWeights`).
 * @throws WeightsError when there is no such file, when it is of no format, or when it is another network's; the
 *   signal's reason
 */
export async function readWeightFile(
  pathOrName: string,
  config: DenseNetConfig,
  options: { folder?: string } & WeightsReadOptions = {},
): Promise<WeightFile> {
  requireFields('The options of reading weights', options, ['folder', ...READING]);
  checkWork(options);
  const { folder, ...reading } = options;
  reading.signal?.throwIfAborted();
  requirePath('A weight file', pathOrName);
  return understandWeights(await loadWeightBytes(pathOrName, folder), config, reading);
}

/** `readWeightFile` for bytes that were read before. */
export async function understandWeights(
  { path, content, sha256 }: WeightBytes,
  config: DenseNetConfig,
  options: WeightsReadOptions = {},
): Promise<WeightFile> {
  const modelConfig = options.modelConfig ?? (await configBeside(path));
  const weights = await readWeights(content, config, path, { ...options, modelConfig });
  const summary = summarise(path, content, sha256, weights);
  return { ...weights, path, bytes: content.length, sha256, summary };
}

/** Text that Keras keeps beside the weights. */
const LARGEST_CONFIG = 2 ** 26;

/**
 * An unpacked .keras archive is three files of fixed names, one of which says how the network is built; undefined
 * for any other file.
 */
async function configBeside(path: string): Promise<string | undefined> {
  if (basename(path) !== 'model.weights.h5') return undefined;
  const [config, metadata] = ['config.json', 'metadata.json'].map((file) => join(dirname(path), file));
  if (!(await isFile(config)) || !(await isFile(metadata))) return undefined;
  return new TextDecoder().decode(
    await readRegularFile(config, { limit: LARGEST_CONFIG, error: WeightsError }),
  );
}

const SAID: Readonly<Record<SaidBy, string>> = { file: '', caller: ' (as told)', nobody: ' (assumed)' };

/** What stands behind the outputs and the batch norms' epsilon, and where that is not from the file. */
function settingsWords(config: DenseNetConfig, report: WeightsReport): string {
  const epsilon = `batch norm epsilon ${config.bnEpsilon}${SAID[report.bnEpsilonBy]}`;
  return report.head ? `${config.activation}${SAID[report.activationBy]}, ${epsilon}` : epsilon;
}

function summarise(
  path: string,
  bytes: Uint8Array,
  sha256: string,
  { config, report, words }: AnyWeights,
): string {
  const file = basename(path);
  const left = report.leftOver.length > 0 ? [`left over: ${report.leftOver.join(', ')}`] : [];
  const parts = [`${words.contents}, ${settingsWords(config, report)}`, originWords(file, bytes, sha256)];
  return `${file}: ${[...parts, ...left, ...words.notes].join('; ')}`;
}

/** Whether it is the public file of its name. */
function originWords(file: string, bytes: Uint8Array, sha256: string): string {
  const known = KNOWN_WEIGHTS.find((entry) => entry.file === file);
  if (!known) return `sha256 ${sha256.slice(0, 12)}...`;
  const { algorithm, what } = known;
  const digest = algorithm === 'sha256' ? sha256 : createHash(algorithm).update(bytes).digest('hex');
  return digest === known.digest
    ? `${algorithm} verified: ${what}`
    : `not the public file of that name (${what}): its ${algorithm} is ${digest.slice(0, 12)}..., ` +
        `not ${known.digest.slice(0, 12)}...`;
}

/**
 * The file that `--weights NAME` means: the path itself where it exists, else NAME in the package's weights folder, as
 * it is or with an ending of weight files. Throws WeightsError when there is none.
 */
export async function resolveWeights(pathOrName: string, folder?: string): Promise<string> {
  const home = folder ?? (await weightsFolder());
  const candidates = [
    pathOrName,
    ...(isPlainName(pathOrName)
      ? ['', ...WEIGHTS_ENDINGS].map((ending) => join(home, pathOrName + ending))
      : []),
  ];
  for (const candidate of candidates) {
    if (await isFile(candidate)) return candidate;
  }
  // A folder, a pipe, a file out of reach: whoever reads it says what it is.
  if (await isThere(pathOrName)) return pathOrName;
  const present = (await readdir(home).catch(() => [])).filter((file) =>
    WEIGHTS_ENDINGS.some((ending) => file.toLowerCase().endsWith(ending)),
  );
  const holds =
    present.length > 0 ? `that folder holds ${present.join(', ')}` : 'that folder holds no weights';
  const looked = isPlainName(pathOrName)
    ? ` (nor in ${home}, also with ${WEIGHTS_ENDINGS.join(', ')} behind it; ${holds})`
    : '';
  throw new WeightsError(
    `There is no weight file '${pathOrName}'${looked}.`,
    `${join(home, 'README.md')} says which public files there are and how to get them.`,
  );
}

const isPlainName = (name: string): boolean => name !== '' && basename(name) === name;

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    return !['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
  }
}

/** `weights/` of the package that this file belongs to, whether it runs from source or bundled. */
export async function weightsFolder(): Promise<string> {
  const start = dirname(fileURLToPath(import.meta.url));
  for (let folder = start; ; folder = dirname(folder)) {
    if (await isFile(join(folder, 'package.json'))) return join(folder, 'weights');
    if (folder === dirname(folder)) return join(start, 'weights');
  }
}

/**
 * Writes a weight file, its folders too, of the kind that `options.format` says (WEIGHTS_KINDS), else the first that
 * has names with such an ending: safetensors under PyTorch's names, Keras 3's `.weights.h5`, a Keras 2 `save_weights`
 * file, NumPy's `.npz`. The path holds either what was there before or the whole new file.
 * @returns the sha256 of what was written
 * @throws WeightsError when the tensors are not the network's; DataError when the disk refuses; UsageError for a kind
 *   that nobody would look for under that name, and for what it has no place for
 */
export async function writeWeightFile(
  path: string,
  tensors: WeightMap,
  config: DenseNetConfig,
  { format, ...options }: { format?: string } & WeightsWriteOptions = {},
): Promise<{ sha256: string }> {
  requirePath('A weight file', path);
  const bytes = await writeWeights(kindFor(path, format), tensors, config, options);
  await writeWhole(path, bytes);
  return { sha256: sha256Of(bytes) };
}

const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
