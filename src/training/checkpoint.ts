/** A training between two steps: all that decides what is still to come, so that another process can go on from it. */
import { finite, nonNegativeNumber, requireFields, requireObject, wholeNumber } from '../core/arguments.js';
import { UsageError } from '../core/errors.js';
import type { StateValue } from '../core/stateValue.js';
import type { Callback } from './callbacks/callback.js';
import { checkLayers, completeLayers, type LayerSettings } from './layers/layerSettings.js';
import type { Loss, LossData } from './losses/loss.js';
import type { OptimizerState } from './optimizers/state.js';
import type { WeightMap } from './parameterSpec.js';
import type { UpdateSettings } from './updates/updateSettings.js';

/** Where the loop stands. */
export interface Position {
  /** From 0: the epoch of the next step, or, where all of its steps are taken, the one to be validated and closed. */
  epoch: number;
  /** Steps taken of it. */
  step: number;
  /** Of these steps: sum of loss * images, images, milliseconds with all that lay between them. */
  weightedLoss: number;
  images: number;
  ms: number;
  /** What the last of them was made with; 0 where there is none. */
  learningRate: number;
}

/** By what a step is made, beside the optimizer and the layers that learn. */
export interface StepRecipe {
  /** In a checkpoint without the settings that come from the labels. */
  loss: Pick<Loss, 'name' | 'settings'>;
  updates: UpdateSettings;
  /** Undefined for the network's own. */
  movingVarianceRule?: string;
}

/** What of a training lies outside the model. */
export interface TrainingState extends Position {
  stepsPerEpoch: number;
  /** Why it stops; null while it goes on. */
  stopReason: string | null;
  /** Batches asked for of the source's epoch, and the source's own state; null where it has none. */
  batch: number;
  source: StateValue;
  validation: StateValue;
  /** What of the network learns; absent in checkpoints of versions that freeze nothing. */
  layers?: LayerSettings;
  /** Absent in checkpoints of earlier versions: then nobody can tell whether the options are those of before. */
  recipe?: StepRecipe;
  /** What the callbacks that have a `state` gathered, by `callbackKeys`. */
  callbacks: { readonly [key: string]: StateValue };
}

/** With the same data, network and adapter a training goes on from it bit for bit as if it had never stopped. */
export interface Checkpoint {
  training: TrainingState;
  /** Moving averages included. */
  weights: WeightMap;
  /** With the learning rate of the next step. */
  optimizer: OptimizerState;
}

/** When `fit` hands over checkpoints: after every epoch, and on an abort by its signal before it rejects. */
export interface CheckpointOptions {
  /** Also after every so many steps, counted from the first of the first epoch. */
  everySteps?: number;
  /** Keeps one; it is waited for. What it throws ends the training. */
  save(checkpoint: Checkpoint): void | Promise<void>;
}

/** A position before the first step of an epoch. */
export const beginOf = (epoch: number): Position => ({
  epoch,
  step: 0,
  weightedLoss: 0,
  images: 0,
  ms: 0,
  learningRate: 0,
});

/** What each callback's state is kept under: its name; where several share one, with the number of each: `Log 2`. */
export function callbackKeys(callbacks: readonly Callback[]): (string | null)[] {
  const seen = new Map<string, number>();
  return callbacks.map(({ name, state }) => {
    if (!state || name === undefined) return null;
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return count === 1 ? name : `${name} ${count}`;
  });
}

export function callbackStates(callbacks: readonly Callback[]): Record<string, StateValue> {
  const states: Record<string, StateValue> = {};
  for (const [i, key] of callbackKeys(callbacks).entries()) {
    if (key !== null) states[key] = callbacks[i].state!();
  }
  return states;
}

/**
 * Gives each callback what it had. One that the checkpoint does not know begins afresh.
 * @throws UsageError for a state that no callback takes; as `Callback.restore`
 */
export async function restoreCallbacks(
  callbacks: readonly Callback[],
  states: TrainingState['callbacks'],
): Promise<void> {
  const keys = callbackKeys(callbacks);
  const orphan = Object.keys(states).find((key) => !keys.includes(key));
  if (orphan !== undefined) {
    throw new UsageError(
      `The checkpoint holds the state of a callback ${orphan}, and there is none in the list.`,
      'Give the callbacks that the training had, in their order.',
    );
  }
  for (const [i, key] of keys.entries()) {
    if (key !== null && Object.hasOwn(states, key)) await callbacks[i].restore!(states[key]);
  }
}

const STATE_FIELDS = [
  'epoch',
  'step',
  'weightedLoss',
  'images',
  'ms',
  'learningRate',
  'stepsPerEpoch',
  'stopReason',
  'batch',
  'source',
  'validation',
  'layers',
  'recipe',
  'callbacks',
] as const;

/**
 * Whether `fit` can go on from it; weights and optimizer the model looks at.
 * @throws UsageError naming the field that makes no sense, or is not as the options want it
 */
export function checkResume(checkpoint: Checkpoint, epochs: number, stepsPerEpoch: number): void {
  requireFields('resume', checkpoint, ['training', 'weights', 'optimizer']);
  const { training } = checkpoint;
  requireFields('resume.training', training, STATE_FIELDS);
  const { epoch, step, weightedLoss, images, ms, learningRate, callbacks } = training;
  wholeNumber('resume.training.stepsPerEpoch', training.stepsPerEpoch, 1);
  wholeNumber('resume.training.epoch', epoch, 0);
  wholeNumber('resume.training.step', step, 0);
  finite('resume.training.weightedLoss', weightedLoss);
  wholeNumber('resume.training.images', images, 0);
  nonNegativeNumber('resume.training.ms', ms);
  nonNegativeNumber('resume.training.learningRate', learningRate);
  requireObject('resume.training.callbacks', callbacks);
  if (stepsPerEpoch !== training.stepsPerEpoch || step > stepsPerEpoch) {
    throw new UsageError(
      `stepsPerEpoch is ${stepsPerEpoch}; the training had ${training.stepsPerEpoch}.`,
      'It goes on with as many.',
    );
  }
  if (epoch > epochs) {
    throw new UsageError(
      `epochs is ${epochs}; the training has had ${epoch}.`,
      'Give as many, or more to train on.',
    );
  }
}

/**
 * The layers that a training goes on with: those that it had.
 * @param options may say them again
 * @throws UsageError for others
 */
export function resumedLayers(options: Partial<LayerSettings>, { training }: Checkpoint): LayerSettings {
  const before = completeLayers(checkLayers(training.layers ?? {}));
  for (const [field, value] of Object.entries(checkLayers(options))) {
    const had = before[field as keyof LayerSettings];
    if (JSON.stringify(value) === JSON.stringify(had)) continue;
    throw new UsageError(
      `${field} is ${JSON.stringify(value)}; the training had ${JSON.stringify(had)}.`,
      'It goes on with that. To learn with other layers begin from its weights.',
    );
  }
  return before;
}

/** Settings of a loss that come from the labels: other data bring others, and a training may go on with them. */
const FROM_LABELS: readonly (keyof LossData)[] = ['posWeights', 'negWeights', 'unknownLabels'];

/** A copy as JSON holds it, in which infinity, for what is off, is null; without what the labels decide. */
export function recipeOf({ loss, updates, movingVarianceRule }: StepRecipe): StepRecipe {
  const chosen = Object.entries(loss.settings).filter(([name]) => !FROM_LABELS.some((one) => one === name));
  const settings = Object.fromEntries(chosen);
  return JSON.parse(JSON.stringify({ loss: { name: loss.name, settings }, updates, movingVarianceRule }));
}

/**
 * Whether the steps of a training that goes on are made as those before.
 * @throws UsageError naming what is another: the loss, its settings, or those of an update
 */
export function requireSameRecipe(own: StepRecipe, { training: { recipe: had } }: Checkpoint): void {
  if (!had) return;
  const now = recipeOf(own);
  const pairs: [what: string, now: unknown, had: unknown][] = [
    ['The loss', now.loss.name, had.loss.name],
    [`The loss ${now.loss.name}`, now.loss.settings, had.loss.settings],
    ...(Object.keys(now.updates) as (keyof UpdateSettings)[]).map((name): [string, unknown, unknown] => [
      name,
      now.updates[name],
      had.updates[name],
    ]),
    ['movingVarianceRule', now.movingVarianceRule, had.movingVarianceRule],
  ];
  const other = pairs.find(([, ours, theirs]) => words(ours) !== words(theirs));
  if (!other) return;
  throw new UsageError(
    `${other[0]} is ${words(other[1])}; the training had ${words(other[2])}.`,
    'It goes on with that. To train otherwise begin from its weights.',
  );
}

/** Settings in words: what is off is null. */
const words = (value: unknown): string =>
  value === null ? 'off' : (JSON.stringify(value) ?? 'the usual one');
