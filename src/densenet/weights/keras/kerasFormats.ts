/**
 * Keras weight files, written.
 *
 *   'keras2'        what `model.save_weights('x.h5')` of Keras 2.3.1 makes: weights only. All Kerases load it.
 *   'keras2-model'  what `model.save('x.h5')` of Keras 2.3.1 makes: architecture, weights and the optimizer's
 *                   state. `load_model` of Keras 2.3, tf_keras and Keras 3 takes it; the first two train on from
 *                   the state. Layers are called conv1_conv, not conv1/conv, which Keras 3 refuses as a name.
 *   'keras3'        what `model.save_weights('x.weights.h5')` of Keras 3 makes: weights, and the optimizer's state,
 *                   which `load_weights` takes over where the model is compiled and its optimizer built.
 */
import type { WorkOptions } from '../../../core/work.js';
import type { OptimizerState } from '../../../training/optimizers/state.js';
import type { WeightsMeaning } from '../weightsMeaning.js';

export const KERAS_FORMATS = Object.freeze(['keras2', 'keras2-model', 'keras3'] as const);

export type KerasFormat = (typeof KERAS_FORMATS)[number];

export interface KerasWriteOptions extends WorkOptions {
  /** Default: 'keras2'. */
  format?: KerasFormat;
  /** False writes the base only, as `DenseNet121(include_top=False)` has it. Default: true. */
  head?: boolean;
  /** Kernels in float16, rounded to nearest; vectors stay float32, as variances reach further. Default: false. */
  half?: boolean;
  /** What the weights mean, for an attribute that Keras does not read. */
  meaning?: Partial<WeightsMeaning>;
  /** The optimizer's state, for the two formats that have a place for it. */
  optimizer?: OptimizerState;
}
