/** The tuner for the kernels of this library. */
import { requireFields } from '../core/arguments.js';
import { checkWork, WORK } from '../core/work.js';
import type { Gpu } from '../engine/device/gpu.js';
import { requireGpu } from '../engine/device/requireGpu.js';
import type { Tuner, TunerSettings } from '../engine/tuning/tuner.js';

const OPTIONS = [
  ...['budgetMs', 'maxBytes', 'runtime', 'store', 'measure', 'afresh', 'onTuned', 'onWarning', ...WORK],
];

export type TuningOptions = Omit<TunerSettings, 'kernels'>;

/**
 * Lets models on this Gpu measure which kernels are fastest for their shapes, some seconds for each new batch size
 * or image size, and keep the result in `store`. Call it before a model makes its first step. Other choices may
 * change the last bits of a result; the same table gives the same bits.
 *
 * In a page:
 *
 *   await enableTuning(gpu, {
 *     store: {
 *       load: () => JSON.parse(localStorage.getItem('chexgpu') ?? 'null'),
 *       save: (table) => localStorage.setItem('chexgpu', JSON.stringify(table)),
 *     },
 *   });
 *
 * In Node the store is `tuningFile(gpu)`.
 */
export async function enableTuning(gpu: Gpu, options: TuningOptions = {}): Promise<Tuner> {
  requireGpu('enableTuning', gpu);
  requireFields('The options of enableTuning', options, OPTIONS);
  checkWork(options);
  options.signal?.throwIfAborted();
  // A page that tunes nothing loads neither the tuner nor the list of all kernels, which knows their small cases.
  const [{ startTuning }, { ALL_KERNELS }] = await Promise.all([
    import('../engine/tuning/tuner.js'),
    import('../shaders/registry.js'),
  ]);
  return startTuning(gpu, { ...options, kernels: ALL_KERNELS });
}
