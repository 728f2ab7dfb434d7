/**
 * What an optimizer is. Each kind is described once, in a file beside this one, and registered in index.ts: its
 * settings, the state it keeps per weight, what it records into the plan of an update and how large the update's
 * numbers can get. The rest of the project asks these descriptions and knows no optimizer by name.
 */
import { FLOAT32_MOST, requireFunction, requireObject, shown } from '../../core/arguments.js';
import { UsageError } from '../../core/errors.js';
import type { PlanBuilder } from '../../engine/plan/plan.js';
import type { Tensor } from '../../engine/plan/tensor.js';
import type { Factors } from '../../shaders/perParameter.js';
import { LAYOUT_BLOCK, type ParameterSpec } from '../parameterSpec.js';
import type { Setting } from '../setting.js';

export type SettingValue = number | boolean;

/** What a user may choose, e.g. { learningRate: 0.001, beta1: 0.9, ... }; every kind has a learning rate. */
export interface Settings {
  learningRate: number;
}

/** Settings of a kind that is not known, by name. */
export type SettingMap = Readonly<Record<string, SettingValue>>;

/** One state per weight that outlives a step, in a buffer with the layout of the weights; zeros at first. */
export interface Slot {
  /** What it holds, as a message says it: `Adam's mean of the gradients`. */
  readonly what: string;
  /** True where a number below zero shows that a state is damaged. */
  readonly nonNegative?: boolean;
}

/** One number by name: `w` for the weight, and the slots. */
export type Numbers = Record<string, number>;

/** Where the trainable tensors lie in their buffers. */
export interface TrainableLayout {
  /**
   * One number per LAYOUT_BLOCK floats of the trainable buffers: the one of the tensor that lies there. Gamma and
   * beta of a batch norm share a tensor; gamma speaks for both.
   */
  perBlock(value: (spec: ParameterSpec) => number): Float32Array;
}

/**
 * What an update reads and writes, whole buffers in the layout of the weights: w, gradient, every slot; and hyper.
 * Where layers are frozen or have rates of their own also factors[1,1,1,n], one per LAYOUT_BLOCK floats: on the
 * learning rate, and where it is 0 neither weight nor slots may move.
 */
export type UpdateTensors = Readonly<Record<'w' | 'gradient' | 'hyper' | (string & {}), Tensor>> & {
  readonly factors?: Tensor;
};

/** How Keras' files know a kind of optimizer. */
export interface KerasNames {
  /** In snake case it is the name of the state, too. */
  readonly className: string;
  /** Keras' names of the settings that its files say. */
  readonly settings: Readonly<Record<string, string>>;
  /** What Keras does where we have a setting of which its files say nothing. */
  readonly unsaid?: SettingMap;
  /** What a configuration of Keras 2 says besides. */
  readonly unused?: Readonly<Record<string, boolean | number>>;
  /** Slots of Keras 2 that hold nothing, one 0 per tensor; it then has one slot of all tensors after the other. */
  readonly emptySlots?: readonly string[];
}

export interface OptimizerKind<S extends Settings = Settings> {
  /** In states and for `--optimizer`: 'adam'. */
  readonly name: string;
  /** For people, and the name of its dispatch: 'Adam'. */
  readonly title: string;
  readonly settings: { readonly [K in keyof S]: Setting<S[K]> };
  readonly slots: Readonly<Record<string, Slot>>;
  /** Absent where no Keras has it. */
  readonly keras?: KerasNames;
  /**
   * What the kernel reads beside the tensors, rounded to float32; its length depends on the layout alone, so that
   * settings may change from step to step while the plan stays.
   * @param t number of the update, from 1
   */
  hyper(settings: S, t: number, layout: TrainableLayout): Float32Array<ArrayBuffer>;
  /**
   * `hyper` of a learning rate that is `factor` times as large, rounded to float32 as the kernel rounds. A kind without
   * it knows no `factors`: with it no layer is frozen or has a rate of its own.
   */
  rescaled?(hyper: Float32Array, factor: number): Float32Array;
  /** Records one update of all weights and slots, in place. */
  record(plan: PlanBuilder, label: string, tensors: UpdateTensors): void;
  /**
   * Upper bounds of the magnitudes of all weights and slots after an update with gradients of at most `gradient`;
   * null where they do not show that every number on the way stays finite: `below` SAFE.
   */
  boundsAfter(before: Numbers, gradient: number, hyper: Float32Array): Numbers | null;
  /** One weight's update, rounded to float32 wherever the kernel rounds; `at` is its place in the buffers. */
  updated(before: Numbers, gradient: number, hyper: Float32Array, at: number): Numbers;
}

/** `factors` of an update as the kernels take them. */
export const factorsOf = ({ factors }: { readonly factors?: Tensor }): Factors | undefined =>
  factors && { factors, block: LAYOUT_BLOCK };

/** `hyper` with the numbers at these places multiplied. */
export function multiplied(hyper: Float32Array, factor: number, ...places: number[]): Float32Array {
  const other = hyper.slice();
  for (const place of places) other[place] *= Math.fround(factor);
  return other;
}

/** Below this no rounding on the way leads out of float32. */
export const SAFE = FLOAT32_MOST / 4;

/** A kind with settings: what `compile` and `fit` take, made by `adam({ ... })` and its like. */
export interface Optimizer {
  readonly kind: OptimizerKind;
  /** Those that were chosen; the kind's defaults hold for the others. */
  readonly settings: SettingMap;
}

/** A kind with every setting. */
export interface CompleteOptimizer extends Optimizer {
  readonly settings: SettingMap & Settings;
}

/** The function that a user makes an optimizer of this kind with; it throws UsageError for a setting it cannot use. */
export function optimizerMaker<S extends Settings>(
  kind: OptimizerKind<S>,
): (settings?: Partial<S>) => Optimizer {
  return (settings = {}) => ({ kind, settings: checkSettings(kind, settings) });
}

/** A kind that a caller brings. @throws UsageError naming what it lacks */
export function checkKind(kind: OptimizerKind): void {
  if (typeof kind?.record !== 'function') {
    throw new UsageError(
      `optimizer has the kind ${shown(kind)}.`,
      'Make one with adam({ ... }) or its like.',
    );
  }
  for (const field of ['name', 'title'] as const) {
    if (typeof kind[field] === 'string') continue;
    throw new UsageError(`optimizer: kind: ${field} is ${shown(kind[field])}, it must be a string.`);
  }
  requireObject('optimizer: kind: settings', kind.settings);
  const table: Readonly<Record<string, Setting<SettingValue>>> = { ...kind.settings };
  for (const field of ['learningRate', ...Object.keys(table)]) {
    requireFunction(`optimizer: kind: settings: ${field}: check`, table[field]?.check);
  }
  requireObject('optimizer: kind: slots', kind.slots);
  for (const step of ['hyper', 'boundsAfter', 'updated'] as const) {
    requireFunction(`optimizer: kind: ${step}`, kind[step]);
  }
}

/**
 * A checked copy of settings of this kind; what is undefined is left out. `prefix` is put before a field's name.
 * @throws UsageError naming the field, or for what is no object
 */
export function checkSettings(kind: OptimizerKind, settings: object, prefix = ''): SettingMap {
  requireObject(`${prefix}settings of ${kind.title}`, settings);
  const table: Readonly<Record<string, Setting<SettingValue>>> = { ...kind.settings };
  const given = Object.entries(settings).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    given.map(([field, value]) => {
      if (!Object.hasOwn(table, field)) {
        throw new UsageError(
          `${prefix}${kind.title} has no setting ${shown(field)}.`,
          `Its settings are ${Object.keys(table).join(', ')}.`,
        );
      }
      return [field, table[field].check(`${prefix}${field}`, value)];
    }),
  );
}

/** Every setting: of the first of `given`, all of them checked, that has it, else the kind's default. */
export function complete(kind: OptimizerKind, ...given: (SettingMap | undefined)[]): CompleteOptimizer {
  const defaults = Object.entries(kind.settings).map(([field, setting]) => [field, setting.default]);
  const chosen = given.toReversed().flatMap((settings) => Object.entries(settings ?? {}));
  const said = chosen.filter(([, value]) => value !== undefined);
  return { kind, settings: Object.fromEntries([...defaults, ...said]) };
}

/** For people: `Adam with learning rate 0.001`, and whatever else is not as by default. */
export function describeOptimizer({ kind, settings }: CompleteOptimizer): string {
  const words = (field: string) => field.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  const defaults = complete(kind).settings;
  const said = Object.entries(settings)
    .filter(([field, value]) => field === 'learningRate' || value !== defaults[field])
    .map(([field, value]) => (value === true ? words(field) : `${words(field)} ${value}`));
  return `${kind.title} with ${said.join(', ')}`;
}
