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
    const own = copied(options) as TrainingOptions;
    const { TrainingCompiler } = await import('./compileTraining.js');
    this.compiler ??= new TrainingCompiler(this.context, this.state);
    return this.compiler.prepare(own);
  }
}

/** Others ask whether these are the same as before. */
const SHARED = new Set(['kind', 'loss', 'signal', 'onProgress']);

/** A copy of all that options of a training hold: lists, typed arrays, an optimizer's state. */
function copied(value: unknown): unknown {
  if (ArrayBuffer.isView(value) && 'slice' in value) return (value as Float32Array).slice();
  if (Array.isArray(value)) return value.map(copied);
  if (value instanceof Map) return new Map([...value].map(([key, part]) => [key, copied(part)]));
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) {
    return value;
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [key, SHARED.has(key) ? part : copied(part)]),
  );
}
