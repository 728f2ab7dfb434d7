/** An optimizer's state written as Keras keeps it; kerasOptimizer.ts says how that is, and reads it. */
import { UsageError } from '../../../core/errors.js';
import { OPTIMIZERS } from '../../../training/optimizers/index.js';
import {
  type CompleteOptimizer,
  complete,
  type KerasNames,
  type OptimizerKind,
} from '../../../training/optimizers/optimizer.js';
import type { OptimizerState } from '../../../training/optimizers/state.js';
import type { ParameterSpec } from '../../../training/parameterSpec.js';
import { ensureGroup, type Group, writeArray, writeString, writeStrings } from '../hdf5/hdf5.js';

/** Where `training_config` has the settings that Keras knows not of; Keras reads what it knows, and no more. */
export const OWN_SETTINGS = 'chexgpu';

/** As Keras 3 names a state by its class: SGD is 'sgd', AdamW 'adam_w'. */
export const snakeCase = (className: string): string =>
  className
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();

/** @throws UsageError for an optimizer that no Keras has, and for what a training keeps beside it */
function kerasOptimizer(state: OptimizerState): CompleteOptimizer & { keras: KerasNames } {
  if (state.slots.trained || state.slots.accumulated) {
    const what = state.slots.trained ? 'the weights behind a moving average' : 'gradients that wait';
    throw new UsageError(
      `A Keras file that is written here has no place for ${what}, which this optimizer's state holds.`,
      'Write the weights without it.',
    );
  }
  const kind = OPTIMIZERS.find(({ name }) => name === state.optimizer) as OptimizerKind;
  if (kind.keras) return { ...complete(kind, state.settings), keras: kind.keras };
  throw new UsageError(
    `Keras has no optimizer ${kind.title}, so its files have no place for its state.`,
    'Write the weights without it.',
  );
}

const iterations = (state: OptimizerState) => BigInt64Array.of(BigInt(state.iterations));

/**
 * `training_config`: the optimizer with its settings, under keys that all Kerases know. The loss is Keras' own binary
 * cross-entropy, because a loss of one's own has to be handed to `load_model` by name; whoever trains on with the
 * weighted loss compiles with `model.optimizer`.
 */
export function trainingConfig(state: OptimizerState): unknown {
  const { keras, kind, settings } = kerasOptimizer(state);
  const defaults = complete(kind).settings;
  // JSON has no 0.0, and Keras 3 takes no 0 for a momentum: where 0 is the default, it is left out.
  const isUnsaid = (field: string) => settings[field] === 0 && defaults[field] === 0;
  const written = Object.entries(keras.settings).filter(([field]) => !isUnsaid(field));
  const config = written.map(([field, key]) => [key, settings[field]]);
  const own = Object.keys(keras.unsaid ?? {}).map((field) => [field, settings[field]]);
  return {
    optimizer_config: {
      class_name: keras.className,
      config: { ...Object.fromEntries(config), ...keras.unused },
    },
    ...(own.length > 0 ? { [OWN_SETTINGS]: Object.fromEntries(own) } : {}),
    loss: 'binary_crossentropy',
    metrics: [],
    weighted_metrics: null,
    sample_weight_mode: null,
    loss_weights: null,
  };
}

/** The group `optimizer_weights` of `model.save`: as Keras 2.3 has it, or tf_keras where Keras 2.3 lacks the class. */
export function writeNamedState(
  root: Group,
  state: OptimizerState,
  trainable: readonly ParameterSpec[],
): void {
  const { keras, kind } = kerasOptimizer(state);
  const { className, emptySlots } = keras;
  const group = root.create_group('optimizer_weights');
  const names: string[] = [];
  const add = (name: string, values: Float32Array | BigInt64Array, shape: number[]) => {
    names.push(name);
    writeArray(group, name, values, shape);
  };
  add(`${className}/iterations:0`, iterations(state), []);
  const addSlot = (slot: string, { key, shape }: ParameterSpec, i: number) =>
    add(`training/${className}/${slot}_${i}:0`, state.slots[slot].get(key)!, shape);
  const slots = Object.keys(kind.slots);
  if (emptySlots) {
    for (const slot of slots) for (const [i, spec] of trainable.entries()) addSlot(slot, spec, i);
    // Keras 2.3 counts these in, one 0 each, unless amsgrad fills them; tf_keras leaves them out again.
    for (const slot of emptySlots) {
      for (const i of trainable.keys()) add(`training/${className}/${slot}_${i}:0`, new Float32Array(1), [1]);
    }
  } else {
    for (const [i, spec] of trainable.entries()) for (const slot of slots) addSlot(slot, spec, i);
  }
  writeStrings(group, 'weight_names', names);
}

/** The group `optimizer/vars` of Keras 3's `save_weights`. SGD without momentum has no slots there. */
export function writeCountedState(
  root: Group,
  state: OptimizerState,
  trainable: readonly ParameterSpec[],
): void {
  const { keras, kind, settings } = kerasOptimizer(state);
  const group = ensureGroup(root, 'optimizer/vars');
  writeString(group, 'name', snakeCase(keras.className));
  writeArray(group, '0', iterations(state), []);
  writeArray(group, '1', Float32Array.of(settings.learningRate), []);
  if (settings.momentum === 0) return;
  let next = 2;
  for (const { key, shape } of trainable) {
    for (const slot of Object.keys(kind.slots)) {
      writeArray(group, `${next++}`, state.slots[slot].get(key)!, shape);
    }
  }
}
