/** An optimizer between two steps: what a training needs, besides the weights, to go on as if it had never stopped. */
import { firstIndex, kindOf, requireObject, shown } from '../../core/arguments.js';
import { WeightsError } from '../../core/errors.js';
import type { ParameterSpec, ParameterTable, WeightMap } from '../parameterSpec.js';
import { OPTIMIZERS } from './index.js';
import { checkSettings, type OptimizerKind, type SettingMap, type Slot } from './optimizer.js';

export interface OptimizerState {
  /** Name of its kind: 'adam'. */
  optimizer: string;
  /** Updates done so far; the next one's bias correction counts from here. */
  iterations: number;
  /**
   * What the kind keeps per weight, by slot (Adam's are m and v), and by the key of every trainable tensor. Beside it
   * `accumulated`, the mean gradient of `group`, and `trained`, the weights that the optimizer moves where the network
   * is a moving average of them (`UpdateSettings`).
   */
  slots: Record<string, WeightMap>;
  /** What the updates were made with, as far as it is known. */
  settings: SettingMap;
  /** Batches that wait for the rest of their group, where there are any; then slots has `accumulated`. */
  group?: BatchGroup;
}

/** Batches whose gradients are averaged before one update. */
export interface BatchGroup {
  readonly batches: number;
  /** Of all of them. */
  readonly images: number;
}

/** What a training may keep per weight, whatever its optimizer is. */
const OF_ANY_KIND: Readonly<Record<string, Slot>> = {
  accumulated: { what: 'the mean gradient of a group of batches' },
  trained: { what: 'the weights behind their moving average' },
};

const HINT = 'It belongs to another network, or the file is damaged.';

/**
 * Checks that a state is one of an optimizer that there is, and of this network: every slot of every trainable tensor
 * and of nothing else, of the right size, finite, and a whole number of updates.
 * @param name what the message calls the state; by default the optimizer's
 * @returns its kind
 * @throws WeightsError; UsageError for its settings, as `checkSettings`
 */
export function checkOptimizerState(
  state: OptimizerState,
  network: ParameterTable,
  name?: string,
): OptimizerKind {
  requireObject(name ?? "The optimizer's state", state);
  const { optimizer, iterations, slots, settings } = state;
  const kind = OPTIMIZERS.find(({ name: known }) => known === optimizer);
  if (!kind) {
    throw new WeightsError(
      `${name ?? "The optimizer's state"} is of ${shown(optimizer)}, which is no optimizer.`,
      `There is ${OPTIMIZERS.map((one) => one.name).join(', ')}.`,
    );
  }
  const called = name ?? `${kind.title}'s state`;
  if (!Number.isSafeInteger(iterations) || iterations < 0) {
    throw new WeightsError(`${called} counts ${iterations} updates, which is no whole number from 0.`, HINT);
  }
  if (settings !== undefined) {
    requireObject(`${called}: settings`, settings);
    checkSettings(kind, settings, `${called}: `);
  }
  requireObject(`${called}: slots`, slots);
  const known = { ...kind.slots, ...OF_ANY_KIND };
  const other = Object.keys(slots).find((slot) => !Object.hasOwn(known, slot));
  if (other !== undefined) {
    const own = Object.keys(kind.slots).join(' and ');
    throw new WeightsError(`${called} has a slot ${shown(other)}; ${kind.title} keeps ${own}.`, HINT);
  }
  const trainable = network.parameters.filter((spec) => spec.trainable);
  for (const [slotName, slot] of Object.entries(known)) {
    if (Object.hasOwn(OF_ANY_KIND, slotName) && !Object.hasOwn(slots, slotName)) continue;
    checkSlot(slots[slotName], slotName, slot, { called, trainable, network: network.name });
  }
  checkGroup(state, called);
  return kind;
}

function checkGroup({ group, slots }: OptimizerState, called: string): void {
  if ((group === undefined) !== (slots.accumulated === undefined)) {
    const [there, missing] = group ? ['group', 'slots.accumulated'] : ['slots.accumulated', 'group'];
    throw new WeightsError(`${called} has ${there} and no ${missing}.`, HINT);
  }
  if (group === undefined) return;
  requireObject(`${called}: group`, group);
  const { batches, images } = group;
  if ([batches, images].every((n) => Number.isSafeInteger(n) && n > 0) && images >= batches) return;
  throw new WeightsError(
    `${called} has a group of ${shown(batches)} batches and ${shown(images)} images.`,
    HINT,
  );
}

function checkSlot(
  values: WeightMap,
  slot: string,
  { nonNegative }: Slot,
  of: { called: string; trainable: readonly ParameterSpec[]; network: string },
): void {
  const { called, trainable, network } = of;
  const refuse = (what: string) => new WeightsError(`${called}${what}`, HINT);
  if (kindOf(values) !== 'Map') {
    throw refuse(`: ${slot} is ${shown(values)}; it must be a Map of Float32Arrays.`);
  }
  const known = new Set(trainable.map((spec) => spec.key));
  for (const key of values.keys()) {
    if (!known.has(key)) throw refuse(` holds ${slot} of ${key}, which ${network} does not train.`);
  }
  for (const { key, shape, size } of trainable) {
    const own = values.get(key);
    const wanted = `[${shape.join(', ')}]`;
    if (!own) throw refuse(` lacks ${slot} of ${key} ${wanted}.`);
    if (kindOf(own) !== 'Float32Array') {
      throw refuse(`: ${slot} of ${key} is ${shown(own)}, no Float32Array.`);
    }
    if (own.length !== size) {
      throw refuse(`: ${slot} of ${key} has ${own.length} numbers, ${network} wants ${wanted} = ${size}.`);
    }
    const bad = firstIndex(own, (value) => !Number.isFinite(value) || (nonNegative === true && value < 0));
    if (bad >= 0) throw refuse(`: ${slot} of ${key} is ${own[bad]} at position ${bad}.`);
  }
}
