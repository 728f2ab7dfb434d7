/** TensorFlow.js on its WebGPU backend, in Node on Dawn. */
import { createRequire } from 'node:module';
import { create, globals } from 'webgpu';
import { heldBytes, readBatch, readNetwork, versionOf } from './files.mjs';
import { meterBuffers } from './meter.mjs';

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

function buildModel(tf, { config, layers, parameters, weights }, size) {
  const made = new Map();
  const { bnEpsilon: epsilon, bnMomentum: momentum, activation } = config;
  const options = ({ name, kind, kernel, stride, pad, cout }) => {
    const padding = pad > 0 ? 'same' : 'valid';
    switch (kind) {
      case 'zeropad':
        return tf.layers.zeroPadding2d({ name, padding: pad });
      case 'conv':
        return tf.layers.conv2d({
          name,
          filters: cout,
          kernelSize: kernel,
          strides: stride,
          padding,
          useBias: false,
        });
      case 'batchnorm':
        return tf.layers.batchNormalization({ name, epsilon, momentum });
      case 'relu':
        return tf.layers.reLU({ name });
      case 'maxpool':
        return tf.layers.maxPooling2d({ name, poolSize: kernel, strides: stride, padding });
      case 'avgpool':
        return tf.layers.averagePooling2d({ name, poolSize: kernel, strides: stride, padding });
      case 'concat':
        return tf.layers.concatenate({ name });
      case 'gap':
        return tf.layers.globalAveragePooling2d({ name });
      case 'dense':
        return tf.layers.dense({ name, units: cout, activation });
    }
  };
  let input;
  let output;
  for (const layer of layers) {
    if (layer.kind === 'input') {
      input = tf.input({ name: layer.name, shape: [size, size, config.inputChannels] });
      output = input;
    } else {
      const inputs = layer.inputs.map((name) => made.get(name));
      output = options(layer).apply(inputs.length > 1 ? inputs : inputs[0]);
    }
    made.set(layer.name, output);
  }
  const model = tf.model({ inputs: input, outputs: output });
  tf.tidy(() => {
    for (const { name } of layers) {
      const own = parameters.filter((p) => p.layer === name);
      if (own.length) model.getLayer(name).setWeights(own.map((p) => tf.tensor(weights.get(p.key), p.shape)));
    }
  });
  return model;
}

/** The notebook's loss: mean over the batch, sum over the classes, here with all weights 1. */
function crossEntropy(tf, epsilon) {
  return (y, p) =>
    tf.tidy(() => {
      const positive = tf.mul(y, tf.log(tf.add(p, epsilon)));
      const negative = tf.mul(tf.sub(1, y), tf.log(tf.add(tf.sub(1, p), epsilon)));
      return tf.neg(tf.sum(tf.add(positive, negative), -1));
    });
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
  const model = buildModel(tf, network, size);
  const { x, labels } = readBatch(folder, { batch, size });
  const shape = [batch, size, size, network.config.inputChannels];
  if (kind === 'forward' || kind === 'coldStart') {
    return {
      ...about,
      async run() {
        const input = tf.tensor4d(x, shape);
        const output = model.predict(input, { batchSize: batch });
        const values = await output.data();
        tf.dispose([input, output]);
        return values;
      },
    };
  }

  model.compile({ optimizer: tf.train.adam(1e-4, 0.9, 0.999, 1e-7), loss: crossEntropy(tf, 1e-7) });
  const run = async () => {
    const input = tf.tensor4d(x, shape);
    const y = tf.tensor2d(labels, [batch, network.config.classes]);
    const loss = await model.trainOnBatch(input, y);
    await backend.device.queue.onSubmittedWorkDone();
    tf.dispose([input, y]);
    return [Array.isArray(loss) ? loss[0] : loss];
  };
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
