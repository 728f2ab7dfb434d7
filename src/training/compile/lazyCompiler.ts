/** What makes trainings of a model, loaded when a model is first compiled: one that predicts carries none of it. */

import type { ModelContext } from '../model/context.js';
import type { TrainingState } from '../model/trainingState.js';
import type { TrainingOptions } from '../trainingOptions.js';
import type { PreparedTraining, TrainingCompiler } from './compileTraining.js';

export class LazyCompiler {
  private compiler: TrainingCompiler | undefined;

  constructor(
    private readonly context: ModelContext,
    private readonly state: TrainingState,
  ) {}

  /** After a `prepare`. */
  get loaded(): TrainingCompiler {
    return this.compiler!;
  }

  /** The options, copied before this returns, and checked: the first time when what does so is loaded. */
  async prepare(options: TrainingOptions): Promise<PreparedTraining> {
    if (this.compiler) return this.compiler.prepare(options);
    const own = ownOptions(options);
    const { TrainingCompiler } = await import('./compileTraining.js');
    this.compiler ??= new TrainingCompiler(this.context, this.state);
    return this.compiler.prepare(own);
  }
}

/** Options that hold what a caller may change: lists, an optimizer's state. */
const HOLDING = ['posWeights', 'negWeights', 'optimizer', 'freeze', 'rateOf'] as const;

/** Copies what is a training's; what else stands in the options is `fit`'s, and may lead anywhere. */
function ownOptions(options: TrainingOptions): TrainingOptions {
  if (!isPlain(options)) return options;
  const held = HOLDING.filter((name) => options[name] !== undefined);
  return { ...options, ...Object.fromEntries(held.map((name) => [name, copied(options[name])])) };
}

/** A copy of lists, typed arrays, an optimizer's state; of what they hold `kind` stays, which is compared. */
function copied(value: unknown): unknown {
  if (ArrayBuffer.isView(value) && 'slice' in value) return (value as Float32Array).slice();
  if (Array.isArray(value)) return value.map(copied);
  if (value instanceof Map) return new Map([...value].map(([key, part]) => [key, copied(part)]));
  if (!isPlain(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [key, key === 'kind' ? part : copied(part)]),
  );
}

const isPlain = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
