/**
 * Adam's state in Keras files. First come scalars: the count of updates and, in Keras 3, the learning rate.
 * Then the moments of the trainable tensors, in the order of the model's layers:
 *
 *   Keras 2 and tf_keras' legacy Adam   all m, all v, (Keras 2 only) all vhat, which are [1] without amsgrad
 *   tf_keras and Keras 3                m and v of one tensor after the other
 *
 * `model.save` keeps them in the group `optimizer_weights`, with the settings in `training_config`;
 * `.weights.h5` in `optimizer/vars`, without settings.
 */
import { WeightsError } from '../../../core/errors.js';
import type { AdamSettings } from '../../../training/optimizers/adam.js';
import { checkOptimizerState, type OptimizerState } from '../../../training/optimizers/state.js';
import type { ParameterSpec } from '../../../training/parameterSpec.js';
import { type DenseNetConfig, parameterTable } from '../../architecture.js';
import { childGroup, type Group, stringAttribute, stringsAttribute } from '../hdf5/hdf5.js';
import { numberedTensors, readTensor, type StoredTensor, storedTensor } from './kerasLayout.js';

const WITHOUT = 'Read the weights without it: training then starts with fresh moments.';

/** Whether the file keeps the state of any optimiser. */
export function hasOptimizer(root: Group): boolean {
  return childGroup(root, 'optimizer_weights') !== undefined || countedState(root) !== undefined;
}

const countedState = (root: Group): Group | undefined => {
  const optimizer = childGroup(root, 'optimizer');
  return optimizer && childGroup(optimizer, 'vars');
};

/**
 * Reads Adam's state. `trainable` are the tensors that the file's model trains, in its order of layers.
 * Throws WeightsError when there is none, when it is another optimiser's, when Adam was set up in a way that
 * is not known here, and when it does not fit the network.
 */
export function readAdamState(
  root: Group,
  trainable: readonly ParameterSpec[],
  config: DenseNetConfig,
  fileName: string,
): OptimizerState {
  const refuse = (what: string) => new WeightsError(`${fileName} ${what}.`, WITHOUT);
  const named = childGroup(root, 'optimizer_weights');
  const counted = countedState(root);
  let settings: Partial<AdamSettings> = {};
  let tensors: StoredTensor[];
  if (named) {
    settings = readSettings(stringAttribute(root, 'training_config'), refuse);
    const names = stringsAttribute(named, 'weight_names') ?? [];
    tensors = names.map((path) => storedTensor(named, path, `optimizer_weights/${path}`, fileName));
  } else if (counted) {
    // tf_keras says no name; Keras 3 says the class, numbered if it is not the session's first.
    const name = stringAttribute(counted, 'name') ?? 'adam';
    if (!/^adam(_\d+)?$/.test(name)) throw refuse(`holds the state of the optimiser '${name}', not of Adam`);
    tensors = numberedTensors(counted, fileName);
  } else {
    throw refuse("holds no optimiser's state");
  }

  const scalars = tensors.findIndex(({ shape }) => shape.length > 0);
  const [count, rate] = tensors.slice(0, scalars).map(({ dataset }) => Number(dataset.value));
  if (scalars < 1 || scalars > 2) throw refuse("holds an optimiser's state that does not begin as Adam's");
  if (rate !== undefined) settings = { ...settings, learningRate: settings.learningRate ?? asWritten(rate) };
  const moments = splitMoments(tensors.slice(scalars), trainable, refuse);
  const slots = { m: new Map<string, Float32Array>(), v: new Map<string, Float32Array>() };
  for (const [i, { key, shape }] of trainable.entries()) {
    for (const kind of ['m', 'v'] as const) {
      const tensor = moments[kind][i];
      if (`${tensor.shape}` !== `${shape}`) {
        throw refuse(
          `keeps ${kind} of ${key} with shape [${tensor.shape.join(', ')}], ${config.name} wants [${shape.join(', ')}]`,
        );
      }
      slots[kind].set(key, readTensor(tensor, fileName));
    }
  }
  const state: OptimizerState = { optimizer: 'adam', iterations: count, slots, settings: { ...settings } };
  checkOptimizerState(
    state,
    { name: config.name, parameters: parameterTable(config) },
    `${fileName}: Adam's state`,
  );
  return state;
}

function splitMoments(
  tensors: readonly StoredTensor[],
  trainable: readonly ParameterSpec[],
  refuse: (what: string) => WeightsError,
): Record<'m' | 'v', StoredTensor[]> {
  const n = trainable.length;
  const rest = tensors.slice(2 * n);
  const empty = rest.length === n && rest.every(({ shape }) => `${shape}` === '1');
  if (tensors.length < 2 * n || (rest.length > 0 && !empty)) {
    throw refuse(
      `keeps ${tensors.length} moments; Adam has ${2 * n}, two for each of the ${n} tensors that the network trains`,
    );
  }
  // The first two trainable tensors, a kernel and a gamma, never have one shape.
  const alternating = `${tensors[0].shape}` === `${tensors[1].shape}`;
  const at = (i: number, second: number) => tensors[alternating ? 2 * i + second : second * n + i];
  return { m: trainable.map((_, i) => at(i, 0)), v: trainable.map((_, i) => at(i, 1)) };
}

/** Settings that would change the update; Keras writes them as null, false or 0 where they are not in use. */
const UNKNOWN = [
  'amsgrad',
  'decay',
  'weight_decay',
  'clipnorm',
  'clipvalue',
  'global_clipnorm',
  'use_ema',
  'gradient_accumulation_steps',
] as const;

function readSettings(
  json: string | undefined,
  refuse: (what: string) => WeightsError,
): Partial<AdamSettings> {
  const { class_name: className, config } = optimizerConfig(json) ?? {};
  if (typeof className !== 'string' || typeof config !== 'object' || config === null) {
    throw refuse('does not say which optimiser its state is of');
  }
  if (className.replace('Custom>', '').toLowerCase() !== 'adam') {
    throw refuse(`holds the state of the optimiser ${className}, not of Adam`);
  }
  const values = config as Record<string, unknown>;
  const used = UNKNOWN.find((key) => values[key]);
  if (used)
    throw refuse(`was trained by Adam with ${used} ${JSON.stringify(values[used])}, which is not known here`);
  const settings: Partial<AdamSettings> = {};
  const take = (field: keyof AdamSettings, ...keys: string[]) => {
    const key = keys.find((k) => values[k] !== undefined && values[k] !== null);
    if (key === undefined) return;
    const value = values[key];
    if (typeof value !== 'number' || !(value > 0)) {
      throw refuse(`was trained by Adam with ${key} ${JSON.stringify(value)}, which is not known here`);
    }
    settings[field] = asWritten(value);
  };
  take('learningRate', 'learning_rate', 'lr');
  take('beta1', 'beta_1');
  take('beta2', 'beta_2');
  take('epsilon', 'epsilon');
  return settings;
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

function optimizerConfig(json = 'null'): { class_name?: unknown; config?: unknown } | null {
  try {
    return (JSON.parse(json) as { optimizer_config?: object } | null)?.optimizer_config ?? null;
  } catch {
    return null;
  }
}
