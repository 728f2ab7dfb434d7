/** Weight files on disk: finding them by name, reading and writing them safely. */
import { createHash } from 'node:crypto';
import { lstat, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UsageError, WeightsError } from '../../core/errors.js';
import { readRegularFile } from '../../core/readFile.node.js';
import { writeWhole } from '../../core/writeFile.node.js';
import type { OptimizerState } from '../../training/optimizers/state.js';
import type { WeightMap } from '../../training/parameterSpec.js';
import type { DenseNetConfig } from '../architecture.js';
import { signatureAt } from './hdf5/hdf5.js';
import type { KerasFormat, KerasWriteOptions } from './keras/kerasFormats.js';
import { readKerasHdf5, writeKerasHdf5 } from './keras/kerasLazy.js';
import type { KerasReadOptions, KerasReport, KerasWeights } from './keras/kerasRead.js';
import { KNOWN_WEIGHTS } from './publicFiles.js';
import type { SaidBy } from './statedFacts.js';
import { looksLikeSafetensors } from './torch/safetensors.js';
import {
  readTorchSafetensors,
  type TorchMeaning,
  type TorchReport,
  type TorchWeights,
  writeTorchSafetensors,
} from './torch/torch.js';
import type { Preprocessing } from './torch/torchFacts.js';

export interface WeightFile extends TorchMeaning {
  /** By ParameterSpec.key; without the head's tensors where `report.head` is false. */
  tensors: WeightMap;
  /**
   * The network to build with these tensors: what was asked for, with what the file says of itself. Every file says
   * how many input channels and classes it has; safetensors and Keras' `model.save` also the activation and the
   * batch norms' epsilon and momentum. `labels` and `thresholds` Keras files leave to whoever reads them, and
   * `preprocessing` too unless their model rescales its pixels itself.
   */
  config: DenseNetConfig;
  report: KerasReport | TorchReport;
  /** Adam's state, where it was asked for. */
  optimizer?: OptimizerState;
  /** Where it was found. */
  path: string;
  bytes: number;
  sha256: string;
  /** One line for people: what was read and whether it is the public file of that name. */
  summary: string;
}

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
 * @throws WeightsError when there is none, or when it is no regular file or larger than 1 GiB
 */
export async function loadWeights(pathOrName: string, folder?: string): Promise<WeightBytes> {
  const path = await resolveWeights(pathOrName, folder);
  const content = await readRegularFile(path, { limit: LARGEST_FILE, error: WeightsError });
  return { path, content, sha256: sha256Of(content) };
}

/**
 * Reads a Keras HDF5 file, or a safetensors file of PyTorch's DenseNet, by path or by name (see
 * `resolveWeights`). Throws WeightsError when there is no such file, when it is of neither kind, or when it is
 * another network's.
 */
export async function readWeightFile(
  pathOrName: string,
  config: DenseNetConfig,
  options: { folder?: string } & KerasReadOptions = {},
): Promise<WeightFile> {
  return understandWeights(await loadWeights(pathOrName, options.folder), config, options);
}

/** `readWeightFile` for bytes that were read before. */
export async function understandWeights(
  { path, content, sha256 }: WeightBytes,
  config: DenseNetConfig,
  options: KerasReadOptions = {},
): Promise<WeightFile> {
  const facts = { path, bytes: content.length, sha256 };
  const isHdf5 = signatureAt(content) !== undefined;
  if (looksLikeSafetensors(content) || (isSafetensors(path) && !isHdf5)) {
    if (options.optimizer) throw new WeightsError(`${path} is safetensors, which hold no optimiser's state.`);
    const weights = readTorchSafetensors(content, config, path, options);
    return { ...weights, ...facts, summary: summariseTorch(path, sha256, weights) };
  }
  const modelConfig = options.modelConfig ?? (await configBeside(path));
  const weights = await readKerasHdf5(content, config, path, { ...options, modelConfig });
  const summary = summarise(path, content, sha256, weights);
  const preprocessing = ofRescaling(weights, path);
  return { ...weights, labels: null, preprocessing, thresholds: null, ...facts, summary };
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

/** What a model that rescales its pixels itself is to be given: those pixels, of the size it wants. */
function ofRescaling({ rescaling, report }: KerasWeights, path: string): Preprocessing | null {
  if (!rescaling) return null;
  const { scale, offset } = rescaling;
  if (report.inputSize === null) {
    throw new WeightsError(
      `${path} rescales its pixels itself (x * ${scale} + ${offset}) but does not say which size they have.`,
      'Save a model whose Input has its size, as (320, 320, 3): weights that are saved alone do not rescale.',
    );
  }
  const three = (value: number): [number, number, number] => [value, value, value];
  return {
    size: report.inputSize,
    interpolation: 'nearest',
    // x * scale + offset = (x - mean) / std
    normalisation: {
      kind: 'featurewise',
      mean: three(0 - offset / scale),
      std: three(1 / scale),
      epsilon: 0,
    },
  };
}

const isSafetensors = (path: string): boolean => /\.safetensors$/i.test(path);

function summariseTorch(path: string, sha256: string, { report, config }: TorchWeights): string {
  const origin = report.layout === 'chexgpu' ? 'safetensors by chexgpu' : `safetensors of ${report.layout}`;
  const head = report.head ? `${config.classes} outputs` : 'base only';
  const from = report.dtypes.some((dtype) => dtype !== 'F32') ? `, from ${report.dtypes.join(' and ')}` : '';
  return (
    `${basename(path)}: ${origin}, ${report.tensorCount} tensors${from}, ` +
    `${config.inputChannels} input channel${config.inputChannels === 1 ? '' : 's'}, ${head}, ` +
    `${settingsWords(config, report)}; sha256 ${sha256.slice(0, 12)}...` +
    [...leftWords(report), ...report.notes.map((note) => `; ${note}`)].join('')
  );
}

const SAID: Readonly<Record<SaidBy, string>> = { file: '', caller: ' (as told)', nobody: ' (assumed)' };

/** What stands behind the outputs and the batch norms' epsilon, and where that is not from the file. */
function settingsWords(config: DenseNetConfig, report: WeightFile['report']): string {
  const epsilon = `batch norm epsilon ${config.bnEpsilon}${SAID[report.bnEpsilonBy]}`;
  return report.head ? `${config.activation}${SAID[report.activationBy]}, ${epsilon}` : epsilon;
}

const leftWords = ({ leftOver }: WeightFile['report']): string[] =>
  leftOver.length > 0 ? [`; left over: ${leftOver.join(', ')}`] : [];

function summarise(
  path: string,
  bytes: Uint8Array,
  sha256: string,
  { report, config }: KerasWeights,
): string {
  const file = basename(path);
  const layout =
    report.layout === 'keras3' ? 'Keras 3 weights' : `${report.layout} of Keras ${report.kerasVersion}`;
  const head = report.head ? 'with the head' : 'base only, the head keeps its weights';
  const known = KNOWN_WEIGHTS.find((entry) => entry.file === file);
  let origin = `sha256 ${sha256.slice(0, 12)}...`;
  if (known) {
    const digest =
      known.algorithm === 'sha256' ? sha256 : createHash(known.algorithm).update(bytes).digest('hex');
    origin =
      digest === known.digest
        ? `${known.algorithm} verified: ${known.what}`
        : `not the public file of that name (${known.what}): its ${known.algorithm} is ${digest.slice(0, 12)}..., ` +
          `not ${known.digest.slice(0, 12)}...`;
  }
  return (
    `${file}: ${layout}, ${report.weightLayers} layers, ${report.tensorCount} tensors, ${head}, ` +
    `${settingsWords(config, report)}; ${origin}${leftWords(report).join('')}`
  );
}

const EXTENSIONS = ['', '.h5', '.hdf5', '.safetensors'];

/**
 * The file that `--weights NAME` means: the path itself where it exists, else NAME, NAME.h5, NAME.hdf5 or
 * NAME.safetensors in the package's weights folder. Throws WeightsError when there is none.
 */
export async function resolveWeights(pathOrName: string, folder?: string): Promise<string> {
  const home = folder ?? (await weightsFolder());
  const candidates = [
    pathOrName,
    ...(isPlainName(pathOrName) ? EXTENSIONS.map((e) => join(home, pathOrName + e)) : []),
  ];
  for (const candidate of candidates) {
    if (await isFile(candidate)) return candidate;
  }
  // A folder, a pipe, a file out of reach: whoever reads it says what it is.
  if (await isThere(pathOrName)) return pathOrName;
  const present = (await readdir(home).catch(() => [])).filter((file) =>
    /\.(h5|hdf5|safetensors)$/i.test(file),
  );
  const holds =
    present.length > 0 ? `that folder holds ${present.join(', ')}` : 'that folder holds no weights';
  const looked = isPlainName(pathOrName)
    ? ` (nor ${pathOrName}.h5, .hdf5 or .safetensors in ${home}; ${holds})`
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
async function weightsFolder(): Promise<string> {
  const start = dirname(fileURLToPath(import.meta.url));
  for (let folder = start; ; folder = dirname(folder)) {
    if (await isFile(join(folder, 'package.json'))) return join(folder, 'weights');
    if (folder === dirname(folder)) return join(start, 'weights');
  }
}

/** Keras 3, and tf_keras since 2.13, tell their own format by the ending. */
function kerasFormat(path: string, wanted?: KerasFormat): KerasFormat {
  const isKeras3 = /\.weights\.h5$/i.test(path);
  const format = wanted ?? (isKeras3 ? 'keras3' : 'keras2');
  if (isKeras3 === (format === 'keras3')) return format;
  throw new UsageError(
    `${path} cannot be of format '${format}': Keras takes names that end in .weights.h5, and no others, for 'keras3'.`,
    `Call it ${isKeras3 ? 'x.h5' : 'x.weights.h5'}.`,
  );
}

/**
 * Writes a weight file, its folders too: safetensors under PyTorch's names or Keras 3's `.weights.h5` where the
 * path ends so, else a Keras 2 `save_weights` file or what `options.format` says. The path holds either what was
 * there before or the whole new file. Throws WeightsError when the tensors are not the network's; DataError when the
 * disk refuses; UsageError for a format that Keras would not look for under that name.
 * @returns the sha256 of what was written
 */
export async function writeWeightFile(
  path: string,
  tensors: WeightMap,
  config: DenseNetConfig,
  options: Partial<TorchMeaning> & KerasWriteOptions = {},
): Promise<{ sha256: string }> {
  const { format, head, optimizer } = options;
  if (isSafetensors(path) && (format || optimizer || head === false)) {
    throw new UsageError(
      `${path} is safetensors, which has no Keras format, base only or optimiser's state.`,
    );
  }
  const bytes = isSafetensors(path)
    ? writeTorchSafetensors(tensors, config, options)
    : await writeKerasHdf5(tensors, config, { format: kerasFormat(path, format), head, optimizer });
  await writeWhole(path, bytes);
  return { sha256: sha256Of(bytes) };
}

const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
