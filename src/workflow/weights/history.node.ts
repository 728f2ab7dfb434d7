/**
 * What history.json says of how weights were trained. It belongs to one weight file, whose sha256 it names: beside
 * any other file it says nothing, however the files are called.
 */
import { dirname, join } from 'node:path';
import { WeightsError } from '../../core/errors.js';
import { readRegularFile } from '../../core/readFile.node.js';
import { SCALINGS, type Scaling } from '../../data/images/pixelFacts.js';
import { INTERPOLATIONS, type Interpolation } from '../../data/images/resize.js';
import { type DenseNetConfig, densenetConfig, XRAY_NETWORKS } from '../../densenet/architecture.js';
import type { WeightBytes } from '../../densenet/weights/weights.node.js';
import { isNormalisation } from '../../densenet/weights/weightsMeaning.js';
import type { Normalisation } from '../../training/batch.js';
import type { WorkContext } from '../reporter.js';
import type { NetworkChoice } from './networkFile.node.js';

export const HISTORY_FILE = 'history.json';

/** Version of what is written; 1 did not name the weights. */
export const HISTORY_SCHEMA = 2;

export interface TrainedWith {
  /** By its name; one of nobody's name by all that it is. */
  network: NetworkChoice;
  size: number;
  /** How the images were resized. */
  interpolation: Interpolation;
  /** How stored samples became pixels. */
  scaling: Scaling;
  /** The featurewise statistics of the training images. */
  normalisation: Normalisation;
  /** Where training began from PyTorch's weights: what its batch norms and its stem have from there. */
  bnEpsilon: number;
  inputChannels: number;
  activation: DenseNetConfig['activation'];
  /** Names of the outputs; null in histories that do not say, which are of the 14 findings. */
  labels: readonly string[] | null;
}

/** A file to take, in place of the one beside the weights; false takes none. */
export type HistoryChoice = string | boolean | undefined;

/** Losses of every step of a long training. */
const LARGEST_HISTORY = 2 ** 26;

const isCount = (value: unknown): boolean => Number.isInteger(value) && (value as number) > 0;

type Field = [wanted: string, test: (value: unknown) => boolean];

/** What each field that is used must be, in words, and whether it is. */
const FIELDS: Readonly<Record<Exclude<keyof TrainedWith, 'network'>, Field>> = {
  size: [
    'a positive multiple of 32, or of the toy of 4',
    (v) => isCount(v) && (v as number) % 4 === 0 && (v as number) <= 16384,
  ],
  interpolation: [`one of ${INTERPOLATIONS.join(', ')}`, (v) => INTERPOLATIONS.some((name) => name === v)],
  scaling: [`one of ${SCALINGS.join(', ')}`, (v) => SCALINGS.some((kind) => kind === v)],
  normalisation: ['a normalisation with a mean, a std and an epsilon', isNormalisation],
  bnEpsilon: ['a number from 0 to 1', (v) => typeof v === 'number' && v >= 0 && v <= 1],
  inputChannels: ['a positive whole number', isCount],
  labels: [
    'a list of names',
    (v) => v === null || (Array.isArray(v) && v.length > 0 && v.every((name) => typeof name === 'string')),
  ],
  activation: ['sigmoid or softmax', (v) => v === 'sigmoid' || v === 'softmax'],
};

/**
 * The history of these weights: the one beside them if it names them, or the file that `flag` gives; null where
 * there is none. Why one is not used is said.
 * @throws WeightsError for a history that is damaged, since without it other numbers would come out
 */
export async function trainedWith(
  { out }: Pick<WorkContext, 'out'>,
  weights: WeightBytes,
  flag: HistoryChoice,
): Promise<TrainedWith | null> {
  if (flag === false) return null;
  const given = typeof flag === 'string';
  const path = given ? flag : join(dirname(weights.path), HISTORY_FILE);
  const history = await readHistory(path, given);
  if (history === null) return null;
  const owner = ownerOf(history, path);
  if (owner?.sha256 === weights.sha256 || isSaved(history, weights)) return checked(history, path);
  const others =
    owner &&
    `${path} belongs to ${owner.file} with sha256 ${owner.sha256.slice(0, 12)}..., not to these weights`;
  if (given) {
    const facts = checked(history, path);
    if (others) out.warn(`${others}; \`history\` takes it all the same.`);
    return facts;
  }
  if (others) {
    out.say(`${others}: it is not used`);
  } else if ('normalisation' in history) {
    out.warn(
      `${path} does not say which weights it belongs to and is not used. If it is theirs, give \`history: ${path}\`.`,
    );
  } else {
    out.say(`${path} was not written by chexgpu: it is not used`);
  }
  return null;
}

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const IN_PLACE = 'Mend or remove it, or take none with `history: false`.';

async function readHistory(path: string, mustExist: boolean): Promise<Json | null> {
  let bytes: Uint8Array;
  try {
    bytes = await readRegularFile(path, { limit: LARGEST_HISTORY, error: WeightsError, hint: IN_PLACE });
  } catch (error) {
    if (!mustExist && isMissing(error)) return null;
    throw error;
  }
  let history: unknown;
  try {
    history = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new WeightsError(
      `${path}, which says how the weights beside it were trained, is damaged: it is no JSON.`,
      IN_PLACE,
      { cause: error },
    );
  }
  if (isObject(history)) return history;
  throw new WeightsError(`${path} is damaged: it holds no object.`, IN_PLACE);
}

function isMissing(error: unknown): boolean {
  const code = ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** The weight file that a history names; null for one that names none. */
function ownerOf(history: Json, path: string): { file: string; sha256: string } | null {
  const { weights } = history;
  if (weights === undefined && history.schema === undefined) return null;
  const { file, sha256 } = isObject(weights) ? weights : {};
  if (typeof file === 'string' && typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256)) {
    return { file, sha256 };
  }
  throw new WeightsError(`${path} is damaged: its field weights names no file and sha256.`, IN_PLACE);
}

/** Whether callbacks kept these weights beside those that the history names first. */
const isSaved = ({ saved }: Json, { sha256 }: WeightBytes): boolean =>
  Array.isArray(saved) && saved.some((one) => isObject(one) && one.sha256 === sha256);

/** Before there was a choice. */
const BEFORE_CHOICES: Partial<TrainedWith> = { scaling: 'keras', labels: null };

/** Histories of schema 1 leave out what was then always so. */
const ONCE_USUAL: Partial<TrainedWith> = {
  ...BEFORE_CHOICES,
  interpolation: 'nearest',
  bnEpsilon: 1.001e-5,
  inputChannels: 3,
  activation: 'sigmoid',
};

function checked(history: Json, path: string): TrainedWith {
  const full: Json =
    history.schema === undefined ? { ...ONCE_USUAL, ...history } : { ...BEFORE_CHOICES, ...history };
  if (full.schema !== undefined && full.schema !== HISTORY_SCHEMA) {
    throw new WeightsError(
      `${path} has schema ${JSON.stringify(full.schema)}; ${HISTORY_SCHEMA} is read.`,
      'It was written by another version of chexgpu: use that one, or take none with `history: false`.',
    );
  }
  const facts: Record<string, unknown> = { network: networkOf(full, path) };
  for (const [field, [wanted, test]] of Object.entries(FIELDS)) {
    const value = full[field];
    if (!test(value)) throw damaged(path, field, value, wanted);
    facts[field] = value;
  }
  return facts as unknown as TrainedWith;
}

function damaged(path: string, field: string, value: unknown, wanted: string): WeightsError {
  const found = value === undefined ? 'missing' : (JSON.stringify(value) ?? '').slice(0, 100);
  return new WeightsError(`${path} is damaged: ${field} is ${found}, not ${wanted}.`, IN_PLACE);
}

/** @throws WeightsError unless it has a known name, or says which layers it has */
function networkOf({ network, config }: Json, path: string): NetworkChoice {
  const known = XRAY_NETWORKS.find((name) => name === network);
  if (known) return known;
  if (typeof network !== 'string' || !isObject(config)) {
    throw damaged(path, 'network', network, `one of ${XRAY_NETWORKS.join(', ')}`);
  }
  try {
    return densenetConfig('densenet121', { ...config, name: network });
  } catch (error) {
    throw new WeightsError(
      `${path} is damaged: its config is no network's. ${(error as Error).message}`,
      IN_PLACE,
    );
  }
}
