/** A network put on the GPU, with progress while its kernels compile. */

import { DenseNet, type DenseNetOptions } from '../densenet/densenet.js';
import type { Gpu } from '../engine/device/gpu.js';
import type { ProgressBar, WorkContext } from './reporter.js';

/** Compilation is shown when it takes longer; what is compiled already takes no time. */
const SHOW_AFTER_MS = 300;

/** Compiling ends where the signal aborts. */
export function createModel(
  { out, signal, onProgress }: WorkContext,
  gpu: Gpu,
  { config, weights }: Pick<DenseNetOptions, 'config' | 'weights'>,
): Promise<DenseNet> {
  let plan = '';
  let started = 0;
  let bar: ProgressBar | null = null;
  return DenseNet.create(gpu, {
    config,
    weights,
    signal,
    onProgress: (progress) => {
      const { phase, note = '', done, total = 0 } = progress;
      signal.throwIfAborted();
      if (phase === 'upload') return onProgress?.(progress);
      if (phase !== 'compile') return;
      if (note !== plan) {
        plan = note;
        started = performance.now();
        bar = null;
      }
      if (performance.now() - started > SHOW_AFTER_MS) {
        bar ??= out.progress(`Compiling for ${note}`, total, 'kernels');
      }
      bar?.update(done, '', total);
      if (done === total) {
        if (bar) out.endProgress();
        plan = '';
      }
    },
  });
}
