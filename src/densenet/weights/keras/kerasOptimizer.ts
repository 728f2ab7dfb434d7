/**
 * An optimizer's state in Keras files. First come scalars: the count of updates and, in Keras 3, the learning rate.
 * Then the slots of the trainable tensors, in the order of the model's layers:
 *
 *   Keras 2 and tf_keras' legacy optimizers   one slot of all tensors after the other: Adam's m, then v, and (Keras 2
 *                                             only) vhat, which are [1] without amsgrad
 *   tf_keras and Keras 3                      all slots of one tensor after the other's
 *
 * SGD without momentum may have none. `model.save` keeps them in the group `optimizer_weights`, with the settings in
 * `training_config`; `.weights.h5` in `optimizer/vars`, without settings. What Keras calls an optimizer and its
 * settings, the optimizer's own description says: `OptimizerKind.keras`.
 */
import { UsageError, WeightsError } from '../../../core/errors.js';
import { OPTIMIZERS } from '../../../training/optimizers/index.js';
import type {
  KerasNames,
  Optimizer,
  OptimizerKind,
  SettingMap,
} from '../../../training/optimizers/optimizer.js';
import { checkOptimizerState, type OptimizerState } from '../../../training/optimizers/state.js';
import type { ParameterSpec, WeightMap } from '../../../training/parameterSpec.js';
import { type DenseNetConfig, parameterTable } from '../../architecture.js';
import { childGroup, type Group, stringAttribute, stringsAttribute } from '../hdf5/hdf5.js';
import { readTensor } from '../storedLayers.js';
import { type Hdf5Tensor, numberedTensors, storedTensor } from './kerasLayout.js';
import { OWN_SETTINGS, snakeCase } from './kerasOptimizerWrite.js';

type Known = OptimizerKind & { keras: KerasNames };
type Refuse = (what: string) => WeightsError;

const WITHOUT = 'Read the weights without it: training then starts with a fresh optimizer.';

const KNOWN = OPTIMIZERS.filter((kind): kind is Known => kind.keras !== undefined);
const IN_WORDS = KNOWN.map(({ title }) => title).join(', ');

/** Whether the file keeps the state of any optimizer. */
export function hasOptimizer(root: Group): boolean {
  return childGroup(root, 'optimizer_weights') !== undefined || countedState(root) !== undefined;
}

const countedState = (root: Group): Group | undefined => {
  const optimizer = childGroup(root, 'optimizer');
  return optimizer && childGroup(optimizer, 'vars');
};

/**
 * Reads the optimizer's state. `trainable` are the tensors that the file's model trains, in its order of layers;
 * `wanted` is the optimizer that it must be of, or true for any.
 * Throws WeightsError when there is none, when it is of an optimizer, or was set up in a way, that is not known here,
 * and when it does not fit the network.
 */
export function readOptimizerState(
  root: Group,
  trainable: readonly ParameterSpec[],
  config: DenseNetConfig,
  fileName: string,
  wanted: true | Optimizer,
): OptimizerState {
  const refuse: Refuse = (what) => new WeightsError(`${fileName} ${what}.`, WITHOUT);
  const expected = wanted === true ? undefined : wanted;
  const stored = storedState(root, trainable.length, fileName, expected?.kind, refuse);
  const { tensors, kind } = stored;
  const { title } = kind;
  if (expected && expected.kind.name !== kind.name) {
    throw refuse(`holds the state of the optimizer ${title}, not of ${expected.kind.title}`);
  }
  const scalars = scalarsOf(tensors);
  const [count, rate] = tensors.slice(0, scalars).map(({ dataset }) => Number(dataset.value));
  if (scalars < 1 || scalars > 2)
    throw refuse(`holds an optimizer's state that does not begin as ${title}'s`);
  const settings = {
    ...(rate === undefined ? {} : { learningRate: asWritten(rate) }),
    ...stored.settings,
    ...expected?.settings,
  };
  const split = splitSlots(kind, tensors.slice(scalars), trainable.length, settings, refuse);
  const slots: Record<string, WeightMap> = {};
  for (const [slot, own] of Object.entries(split)) {
    slots[slot] = new Map();
    for (const [i, { key, shape, size }] of trainable.entries()) {
      const tensor = own[i];
      if (tensor && `${tensor.shape}` !== `${shape}`) {
        throw refuse(
          `keeps ${slot} of ${key} with shape [${tensor.shape.join(', ')}], ${config.name} wants [${shape.join(', ')}]`,
        );
      }
      slots[slot].set(key, tensor ? readTensor(tensor, fileName) : new Float32Array(size));
    }
  }
  const state: OptimizerState = { optimizer: kind.name, iterations: count, slots, settings };
  const network = { name: config.name, parameters: parameterTable(config) };
  checkOptimizerState(state, network, `${fileName}: ${title}'s state`);
  return state;
}

/** What the file holds of an optimizer, and which one it is. */
function storedState(
  root: Group,
  trained: number,
  fileName: string,
  wanted: OptimizerKind | undefined,
  refuse: Refuse,
): { tensors: Hdf5Tensor[]; kind: Known; settings: SettingMap } {
  const named = childGroup(root, 'optimizer_weights');
  const counted = countedState(root);
  if (named) {
    const { kind, settings } = readSettings(stringAttribute(root, 'training_config'), refuse);
    const names = stringsAttribute(named, 'weight_names') ?? [];
    const tensors = names.map((path) => storedTensor(named, path, `optimizer_weights/${path}`, fileName));
    return { kind, settings, tensors };
  }
  if (!counted) throw refuse("holds no optimizer's state");
  const tensors = numberedTensors(counted, fileName);
  // Keras 3 says the class, numbered if it is not the session's first; tf_keras says no name, so who asks for one with
  // as many slots is right.
  const name = stringAttribute(counted, 'name');
  const slots = (tensors.length - scalarsOf(tensors)) / trained;
  const likely = [...KNOWN.filter((one) => one.name === wanted?.name), ...KNOWN];
  const kind =
    name === undefined
      ? (likely.find((one) => Object.keys(one.slots).length === slots) ?? KNOWN[0])
      : KNOWN.find(({ keras }) => name.replace(/_\d+$/, '') === snakeCase(keras.className));
  if (!kind) throw refuse(`holds the state of the optimizer '${name}', not of ${IN_WORDS}`);
  return { kind, settings: {}, tensors };
}

/** How many scalars come first. */
function scalarsOf(tensors: readonly Hdf5Tensor[]): number {
  const first = tensors.findIndex(({ shape }) => shape.length > 0);
  return first < 0 ? tensors.length : first;
}

/** By slot the tensors' own; none where SGD had no momentum, so that its state was never made. */
function splitSlots(
  { slots, keras, title }: Known,
  tensors: readonly Hdf5Tensor[],
  trained: number,
  settings: SettingMap,
  refuse: Refuse,
): Record<string, Hdf5Tensor[]> {
  const names = Object.keys(slots);
  const want = names.length * trained;
  const rest = tensors.slice(want);
  const empty = keras.emptySlots && rest.length === trained && rest.every(({ shape }) => `${shape}` === '1');
  const unused = tensors.length === 0 && (settings.momentum ?? 0) === 0 && 'momentum' in keras.settings;
  if (!unused && (tensors.length < want || (rest.length > 0 && !empty))) {
    const each = names.length === 1 ? 'one' : 'two';
    throw refuse(
      `keeps ${tensors.length} moments; ${title} has ${want}, ${each} for each of the ${trained} tensors that the ` +
        'network trains',
    );
  }
  // The first two trainable tensors, a kernel and a gamma, never have one shape.
  const alternating = names.length > 1 && `${tensors[0].shape}` === `${tensors[1].shape}`;
  const at = (i: number, slot: number) => (alternating ? names.length * i + slot : slot * trained + i);
  const own = (slot: number) => Array.from({ length: trained }, (_, i) => tensors[at(i, slot)]);
  return Object.fromEntries(names.map((name, slot) => [name, own(slot)]));
}

/** Settings that would change the update; Keras writes them as null, false or 0 where they are not in use. */
const CHANGING = [
  'amsgrad',
  'decay',
  'weight_decay',
  'clipnorm',
  'clipvalue',
  'global_clipnorm',
  'use_ema',
  'gradient_accumulation_steps',
] as const;

/** Which optimizer `training_config` is about, and its settings. */
function readSettings(json: string | undefined, refuse: Refuse): { kind: Known; settings: SettingMap } {
  const training = parsed(json);
  const { class_name: className, config } = training?.optimizer_config ?? {};
  if (typeof className !== 'string' || typeof config !== 'object' || config === null) {
    throw refuse('does not say which optimizer its state is of');
  }
  const plain = className.replace('Custom>', '').toLowerCase();
  const kind = KNOWN.find(({ keras }) => keras.className.toLowerCase() === plain);
  if (!kind) throw refuse(`holds the state of the optimizer ${className}, not of ${IN_WORDS}`);
  const values = config as Record<string, unknown>;
  const unknown = (key: string) =>
    refuse(
      `was trained by ${kind.title} with ${key} ${JSON.stringify(values[key])}, which is not known here`,
    );
  const names = Object.values(kind.keras.settings);
  const used = CHANGING.find((key) => values[key] && !names.includes(key));
  if (used) throw unknown(used);
  const settings: Record<string, number | boolean> = { ...kind.keras.unsaid };
  for (const [field, own] of Object.entries(kind.keras.settings)) {
    // Keras 1 and 2.2 called the learning rate lr.
    const key = own === 'learning_rate' && values[own] === undefined ? 'lr' : own;
    const value = values[key];
    if (value === undefined || value === null) continue;
    if (typeof value !== 'number' && typeof value !== 'boolean') throw unknown(key);
    settings[field] = typeof value === 'number' ? asWritten(value) : value;
    const { check } = (kind.settings as Record<string, { check(field: string, value: unknown): unknown }>)[
      field
    ];
    try {
      check(key, settings[field]);
    } catch (error) {
      throw error instanceof UsageError ? unknown(key) : error;
    }
  }
  return { kind, settings: { ...settings, ...training?.[OWN_SETTINGS] } };
}

/** Keras keeps float32: 0.001 comes back as 0.0010000000474974513. The shortest number of that float32 is meant. */
function asWritten(value: number): number {
  if (Math.fround(value) !== value) return value;
  for (let digits = 1; digits < 9; digits++) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(shorter) === value) return shorter;
  }
  return value;
}

interface TrainingConfig {
  optimizer_config?: { class_name?: unknown; config?: unknown };
  [OWN_SETTINGS]?: SettingMap;
}

function parsed(json = 'null'): TrainingConfig | null {
  try {
    return JSON.parse(json) as TrainingConfig | null;
  } catch {
    return null;
  }
}
