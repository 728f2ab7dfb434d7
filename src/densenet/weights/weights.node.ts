/** Weight files on disk: finding them by name, reading and writing them safely. */
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UsageError, WeightsError } from '../../core/errors.js';
import { writeWhole } from '../../core/writeFile.node.js';
import type { AdamState } from '../adamState.js';
import type { DenseNetConfig, WeightMap } from '../architecture.js';
import { type KerasReadOptions, type KerasReport, type KerasWeights, readKerasHdf5 } from './kerasHdf5.js';
import { type KerasFormat, type KerasWriteOptions, writeKerasHdf5 } from './kerasWriter.js';
import { KNOWN_WEIGHTS } from './known.js';
import { looksLikeSafetensors } from './safetensors.js';
import {
  readTorchSafetensors,
  type TorchMeaning,
  type TorchReport,
  type TorchWeights,
  writeTorchSafetensors,
} from './torch.js';

export interface WeightFile extends TorchMeaning {
  /** By ParameterSpec.key; without the head's tensors where `report.head` is false. */
  tensors: WeightMap;
  /**
   * The network to build with these tensors: what was asked for, and with safetensors the file's own input
   * channels, classes, activation, batch norm epsilon and momentum. Keras files leave these, and `labels`,
   * `preprocessing` and `thresholds`, to whoever reads them.
   */
  config: DenseNetConfig;
  report: KerasReport | TorchReport;
  /** Adam's state, where it was asked for. */
  optimizer?: AdamState;
  /** Where it was found. */
  path: string;
  bytes: number;
  sha256: string;
  /** One line for people: what was read and whether it is the public file of that name. */
  summary: string;
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
  const path = await resolveWeights(pathOrName, options.folder);
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw new WeightsError(`${path} cannot be read: ${messageOf(error)}.`, '', { cause: error });
  }
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const facts = { path, bytes: bytes.length, sha256 };
  if (isSafetensors(path) || looksLikeSafetensors(bytes)) {
    if (options.optimizer) throw new WeightsError(`${path} is safetensors, which hold no optimiser's state.`);
    const weights = readTorchSafetensors(bytes, config, path);
    return { ...weights, ...facts, summary: summariseTorch(path, sha256, weights) };
  }
  const weights = await readKerasHdf5(bytes, config, path, options);
  const summary = summarise(path, bytes, sha256, weights);
  return { ...weights, config, labels: null, preprocessing: null, thresholds: null, ...facts, summary };
}

const isSafetensors = (path: string): boolean => /\.safetensors$/i.test(path);

function summariseTorch(path: string, sha256: string, { report, config }: TorchWeights): string {
  const origin = report.layout === 'chexgpu' ? 'safetensors by chexgpu' : `safetensors of ${report.layout}`;
  const head = report.head ? `${config.classes} outputs` : 'base only';
  const from = report.dtypes.some((dtype) => dtype !== 'F32') ? `, from ${report.dtypes.join(' and ')}` : '';
  return (
    `${basename(path)}: ${origin}, ${report.tensorCount} tensors${from}, ` +
    `${config.inputChannels} input channel${config.inputChannels === 1 ? '' : 's'}, ${head}, ` +
    `batch norm epsilon ${config.bnEpsilon}; sha256 ${sha256.slice(0, 12)}...`
  );
}

function summarise(path: string, bytes: Uint8Array, sha256: string, { report }: KerasWeights): string {
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
  return `${file}: ${layout}, ${report.weightLayers} layers, ${report.tensorCount} tensors, ${head}; ${origin}`;
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
 */
export async function writeWeightFile(
  path: string,
  tensors: WeightMap,
  config: DenseNetConfig,
  options: Partial<TorchMeaning> & KerasWriteOptions = {},
): Promise<void> {
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
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
