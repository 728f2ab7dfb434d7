/** Weight files on disk: finding them by name, reading and writing them safely. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WeightsError } from '../../engine/errors.js';
import type { DenseNetConfig, WeightMap } from '../architecture.js';
import { type KerasWeights, readKerasHdf5, writeKerasHdf5 } from './kerasHdf5.js';
import { KNOWN_WEIGHTS } from './known.js';

export interface WeightFile extends KerasWeights {
  /** Where it was found. */
  path: string;
  bytes: number;
  sha256: string;
  /** One line for people: what was read and whether it is the public file of that name. */
  summary: string;
}

/**
 * Reads a Keras weight file by path or by name (see `resolveWeights`). Throws WeightsError when there is no
 * such file, when it is no Keras HDF5 file, or when it is another network's.
 */
export async function readWeightFile(
  pathOrName: string,
  config: DenseNetConfig,
  options: { folder?: string } = {},
): Promise<WeightFile> {
  const path = await resolveWeights(pathOrName, options.folder);
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw new WeightsError(`${path} cannot be read: ${messageOf(error)}.`, '', { cause: error });
  }
  const weights = await readKerasHdf5(bytes, config, path);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { ...weights, path, bytes: bytes.length, sha256, summary: summarise(path, bytes, sha256, weights) };
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

const EXTENSIONS = ['', '.h5', '.hdf5'];

/**
 * The file that `--weights NAME` means: the path itself where it exists, else NAME, NAME.h5 or NAME.hdf5 in
 * the package's weights folder. Throws WeightsError when there is none.
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
  const present = (await readdir(home).catch(() => [])).filter((file) => /\.(h5|hdf5)$/i.test(file));
  const holds =
    present.length > 0 ? `that folder holds ${present.join(', ')}` : 'that folder holds no weights';
  const looked = isPlainName(pathOrName) ? ` (nor ${pathOrName}.h5 or .hdf5 in ${home}; ${holds})` : '';
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

let nextTemporary = 0;

/**
 * Writes a Keras 2 `save_weights` file, its folders too; the path holds either what was there before or the
 * whole new file. Throws WeightsError when the tensors are not the network's or the disk refuses.
 */
export async function writeWeightFile(
  path: string,
  tensors: WeightMap,
  config: DenseNetConfig,
): Promise<void> {
  const bytes = await writeKerasHdf5(tensors, config);
  const target = resolve(path);
  const temporary = `${target}.${process.pid}-${nextTemporary++}.tmp`;
  try {
    await mkdir(dirname(target), { recursive: true });
    await writeFile(temporary, bytes);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw new WeightsError(`${path} cannot be written: ${messageOf(error)}.`, '', { cause: error });
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
