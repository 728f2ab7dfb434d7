/**
 * What weights mean beyond their numbers, in a Keras file: an attribute of its root that Keras does not read, with
 * JSON of { activation, bnEpsilon, labels, preprocessing, thresholds, notice }; what nobody knows is left out.
 */
import { WeightsError } from '../../../core/errors.js';
import type { DenseNetConfig } from '../../architecture.js';
import { parsePreprocessing, type WeightsMeaning } from '../weightsMeaning.js';
import { type Group, stringAttribute, writeText } from './hdf5.js';

const ATTRIBUTE = 'chexgpu';

/** The meaning, with what stands behind the outputs and the batch norms' epsilon. */
export interface StoredMeaning extends WeightsMeaning {
  activation: DenseNetConfig['activation'];
  bnEpsilon: number;
}

/** Writes nothing where there is nothing to say. @throws WeightsError for lists of another length than the outputs */
export function writeMeaning(
  root: Group,
  config: DenseNetConfig,
  { labels, preprocessing, thresholds, notice }: Partial<WeightsMeaning>,
): void {
  if (!labels && !preprocessing && !thresholds && !notice) return;
  for (const [what, list] of Object.entries({ labels, thresholds })) {
    if (list && list.length !== config.classes) {
      throw new WeightsError(`${list.length} ${what} do not fit ${config.classes} outputs.`);
    }
  }
  const { activation, bnEpsilon } = config;
  // JSON has no NaN, which an output has as a threshold that was never trained.
  const points = thresholds && [...thresholds].map((t) => (Number.isNaN(t) ? null : t));
  const meaning = { activation, bnEpsilon, labels, preprocessing, thresholds: points, notice };
  const known = Object.entries(meaning).filter(([, value]) => value !== null && value !== undefined);
  // ASCII, as every reader of HDF5 takes it.
  const ascii = JSON.stringify(Object.fromEntries(known)).replace(
    /[\u0080-\uffff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  writeText(root, ATTRIBUTE, ascii);
}

/**
 * Null where the file has no such attribute.
 * @param name what errors call the file
 * @throws WeightsError for one that does not say what it should
 */
export function readMeaning(root: Group, classes: number, name: string): StoredMeaning | null {
  const text = stringAttribute(root, ATTRIBUTE);
  if (text === undefined) return null;
  const where = `${name}: its attribute ${ATTRIBUTE}`;
  const damaged = (what: string) => new WeightsError(`${where} ${what}.`, 'Get the file again.');
  let json: Record<string, unknown>;
  try {
    json = JSON.parse(text);
  } catch {
    throw damaged('is no JSON');
  }
  const {
    activation,
    bnEpsilon,
    labels = null,
    preprocessing = null,
    thresholds = null,
    notice = null,
  } = json ?? {};
  if (activation !== 'sigmoid' && activation !== 'softmax') throw damaged('names no known activation');
  if (typeof bnEpsilon !== 'number' || !(bnEpsilon >= 0 && bnEpsilon <= 1)) {
    throw damaged('has no epsilon from 0 to 1');
  }
  if (!isListOf(labels, classes, (v) => typeof v === 'string')) throw damaged(`names no ${classes} outputs`);
  if (!isListOf(thresholds, classes, (v) => v === null || typeof v === 'number')) {
    throw damaged(`has no ${classes} thresholds`);
  }
  if (notice !== null && typeof notice !== 'string') throw damaged('has a notice that is no text');
  return {
    activation,
    bnEpsilon,
    labels: labels as string[] | null,
    preprocessing: preprocessing === null ? null : parsePreprocessing(preprocessing, where),
    thresholds:
      thresholds === null ? null : Float32Array.from(thresholds as (number | null)[], (t) => t ?? Number.NaN),
    notice,
  };
}

function isListOf(value: unknown, length: number, is: (item: unknown) => boolean): boolean {
  return value === null || (Array.isArray(value) && value.length === length && value.every(is));
}
