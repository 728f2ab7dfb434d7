/** TensorFlow.js on its WebGPU backend, in Node on Dawn. */
import { createRequire } from 'node:module';
import { create, globals } from 'webgpu';
import { heldBytes, readBatch, readNetwork, versionOf } from './files.mjs';
import { meterBuffers } from './meter.mjs';
import { tfjsRun } from './tfjsNetwork.mjs';

const require = createRequire(import.meta.url);

/**
 * The parts of @tensorflow/tfjs that this needs. They look for navigator.gpu when they are loaded. As CommonJS,
 * all of them: else there are two copies of the core.
 */
function load() {
  Object.assign(globalThis, globals);
  const navigator = { gpu: create([]), userAgent: 'node' };
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true, writable: true });
  const tf = require('@tensorflow/tfjs-core');
  tf.enableProdMode();
  require('@tensorflow/tfjs-backend-webgpu');
  const { input, layers, model } = require('@tensorflow/tfjs-layers');
  return { ...tf, input, layers, model };
}

export async function open({ folder, kind, batch, size }) {
  const meter = kind === 'memory' ? meterBuffers() : null;
  const tf = load();
  if (!(await tf.setBackend('webgpu'))) throw new Error('tfjs did not take its webgpu backend');
  await tf.ready();
  const backend = tf.backend();
  const info = backend.device.adapterInfo ?? {};
  const about = {
    adapter: info.description || info.device || info.vendor || null,
    versions: {
      '@tensorflow/tfjs-core': versionOf(require, '@tensorflow/tfjs-core'),
      '@tensorflow/tfjs-backend-webgpu': versionOf(require, '@tensorflow/tfjs-backend-webgpu'),
    },
  };
  const network = readNetwork(folder);
  const run = tfjsRun(tf, network, { kind, batch, size, ...readBatch(folder, { batch, size }) });
  if (!meter) return { ...about, run };

  // The pool of tfjs keeps freed buffers: what is in use has another peak than what is allocated.
  const { bufferManager } = backend;
  let inUse = 0;
  const acquire = bufferManager.acquireBuffer.bind(bufferManager);
  bufferManager.acquireBuffer = (...args) => {
    const buffer = acquire(...args);
    inUse = Math.max(inUse, bufferManager.numBytesUsed);
    return buffer;
  };
  return {
    ...about,
    run,
    restartPeak() {
      meter.restart();
      inUse = bufferManager.numBytesUsed;
    },
    memory: () => ({
      peak: inUse,
      held: heldBytes(network.parameters),
      details: { 'peak with the freed buffers that it keeps': meter.peak() },
    }),
  };
}
