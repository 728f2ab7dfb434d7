/**
 * Kernels that give wrong numbers on this adapter are not used: whatever a command is about to run is checked before
 * its first use, and what was found is kept in the cache for the same adapter, driver and kernels.
 */

import type { NodeGpu } from '../../engine/device/gpu.node.js';
import { swiftshaderVersion } from '../../engine/device/swiftshader.node.js';
import { verdictFile } from '../../engine/tuning/adapterFiles.node.js';
import { checkKernels } from '../../verify/planCheck.js';
import { kernelProgress } from '../terminal/kernelProgress.js';
import type { CommandContext } from './commandContext.js';
import { versions } from './versions.js';

/** From now on models on this adapter have their kernels checked first. */
export function checkBeforeUse(context: CommandContext, { gpu }: NodeGpu): void {
  const { webgpu, chexgpu } = versions();
  const swiftshader = swiftshaderVersion() ?? 'none';
  checkKernels(gpu, {
    runtime: `webgpu ${webgpu}, chexgpu ${chexgpu}, swiftshader ${swiftshader}`,
    store: verdictFile(gpu),
    signal: context.signal,
    onProgress: kernelProgress(context, 'Checking the kernels on this adapter', 'kernels'),
    onBroken: (kernel, why) => {
      context.out.warn(`The kernel ${kernel} gives wrong numbers on this adapter and is not used: ${why}`);
    },
  });
}
