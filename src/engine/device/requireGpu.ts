/** What every public function that takes a Gpu asks of it. */
import { shown } from '../../core/arguments.js';
import { UsageError } from '../../core/errors.js';
import type { Gpu } from './gpu.js';

/** @throws UsageError unless it is a Gpu; `where` names the function that wants it */
export function requireGpu(where: string, gpu: unknown): void {
  if (typeof (gpu as Gpu | undefined | null)?.guarded === 'function') return;
  throw new UsageError(
    `The first argument of ${where} is ${shown(gpu)}, it must be a Gpu.`,
    'openGpu() gives one, openNodeGpu() gives { gpu }, and Gpu.borrow(device) makes one of a GPUDevice.',
  );
}
