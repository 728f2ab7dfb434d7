/** Our own engine, as a user of the library has it. */
import { createRequire } from 'node:module';
import * as chexgpu from '../../../dist/node.js';
import { heldBytes, readBatch, readNetwork, versionOf } from './files.mjs';
import { meterBuffers } from './meter.mjs';

const require = createRequire(import.meta.url);

export async function open({ folder, kind, batch, size }) {
  const meter = kind === 'memory' ? meterBuffers() : null;
  const { gpu, kind: adapterKind, name } = await chexgpu.openNodeGpu({ quiet: true });
  const versions = {
    chexgpu: require('../../../package.json').version,
    webgpu: versionOf(require, 'webgpu'),
  };
  const about = { adapter: name, adapterKind, versions };
  if (kind === 'adapter') return about;

  // As the command does it: software adapters have shipped tables, a GPU is measured. A cold start is not.
  if (adapterKind === 'hardware' && kind !== 'coldStart') {
    const runtime = `webgpu ${versions.webgpu}`;
    await chexgpu.enableTuning(gpu, { runtime, store: chexgpu.tuningFile(gpu) });
  }
  // What a user waits for at the start includes that the kernels are checked.
  if (kind === 'coldStart') chexgpu.checkKernels(gpu);
  const { config, weights, parameters } = readNetwork(folder);
  const model = await chexgpu.DenseNet.create(gpu, { config, weights });
  const { x, labels } = readBatch(folder, { batch, size });
  const files = Array.from({ length: batch }, (_, i) => `image ${i}`);
  const input = { count: batch, height: size, width: size, x, labels, files };
  if (kind === 'forward' || kind === 'coldStart') return { ...about, run: () => model.predict(input) };

  const ones = Array(config.classes).fill(1);
  await model.compile({ posWeights: ones, negWeights: ones, learningRate: 1e-4 });
  return {
    ...about,
    async run() {
      const loss = await model.trainStep(input);
      await gpu.idle(); // Adam is submitted after the loss was read
      return [loss];
    },
    restartPeak: () => meter.restart(),
    async memory() {
      const { bytes } = await model.planOf('train', batch, size);
      return { peak: meter.peak(), held: heldBytes(parameters), details: { 'arena of the plan': bytes } };
    },
  };
}
