/** Compiling takes minutes on some drivers; Ctrl-C does not wait for its end. */
import { expect, it } from 'vitest';
import type { CommandContext } from '../../src/cli/session/context.js';
import type { Session } from '../../src/cli/session/session.js';
import { Output } from '../../src/cli/terminal/output.js';
import { openNodeGpu } from '../../src/engine/device/gpu.node.js';
import { createModel, type Network } from '../../src/workflow/weights/network.node.js';
import { randomWeights, TINY } from '../densenet/weights/keras/h5Fixtures.js';

it('an interrupt ends the compiling of a network before its first step', async () => {
  const node = await openNodeGpu({ quiet: true });
  const controller = new AbortController();
  const context: CommandContext = {
    out: new Output({ json: false }),
    signal: controller.signal,
    commandLine: '',
  };
  const network = { config: TINY, weights: randomWeights(TINY) } as Network;
  const model = await createModel(context, { node } as Session, network);
  try {
    const x = new Float32Array(32 * 32 * 3);
    const predicted = model.predict({
      count: 1,
      height: 32,
      width: 32,
      x,
      labels: new Float32Array(3),
      files: [],
    });
    controller.abort();
    await expect(predicted).rejects.toThrow(/abort/);
  } finally {
    model.dispose();
    node.gpu.dispose();
  }
});
