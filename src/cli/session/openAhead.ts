/**
 * The adapter is opened, and kernels begin to compile, as soon as the weight file's bytes are there: HDF5 then keeps
 * the main thread busy for half a second, in which the driver's threads compile.
 */

import type { DenseNetConfig } from '../../densenet/architecture.js';
import { densenetNetwork } from '../../densenet/network.js';
import { type NodeGpu, openNodeGpu } from '../../engine/device/gpu.node.js';
import type { BatchShape } from '../../training/batch.js';
import { compileAhead } from '../../training/model/compileAhead.js';
import type { TuningFlags } from '../flags/sharedFlags.js';

export class Ahead {
  /** Open, if it was begun and went well. */
  node: NodeGpu | null = null;

  /**
   * On software adapters, whose kernels are known beforehand and take long. What goes wrong is not said here: the
   * session meets it again, after whatever is wrong with the weights.
   */
  async begin({ tune, retune }: TuningFlags, config: DenseNetConfig, shape: BatchShape): Promise<void> {
    try {
      this.node ??= await openNodeGpu({ quiet: true });
      const { gpu } = this.node;
      if (tune && !retune && gpu.info.kind === 'software')
        await compileAhead(gpu, densenetNetwork(config), shape);
    } catch {
      // Compiled later, or refused by name.
    }
  }

  /** Lets the adapter go; after a session that used it there is nothing left to do. */
  end(): void {
    this.node?.gpu.dispose();
  }
}

/** Does a command's work, and lets go of what was begun ahead, whatever happens. */
export async function withAhead<T>(work: (ahead: Ahead) => Promise<T>): Promise<T> {
  const ahead = new Ahead();
  try {
    return await work(ahead);
  } finally {
    ahead.end();
  }
}
