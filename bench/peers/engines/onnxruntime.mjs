/** ONNX Runtime for Node, on its WebGPU or its CPU provider. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { readBatch, readNetwork, versionOf } from './files.mjs';

const require = createRequire(import.meta.url);

/** x[b,h,w,c] to x[b,c,h,w]. */
function toNchw(x, batch, size, channels) {
  const out = new Float32Array(x.length);
  const pixels = size * size;
  for (let b = 0; b < batch; b++) {
    for (let c = 0; c < channels; c++) {
      const from = b * pixels * channels + c;
      const to = (b * channels + c) * pixels;
      for (let p = 0; p < pixels; p++) out[to + p] = x[from + p * channels];
    }
  }
  return out;
}

export async function open({ folder, kind, batch, size, provider }) {
  if (kind === 'trainStep' || kind === 'memory') {
    return { unsupported: 'ONNX Runtime has no training in JavaScript' };
  }
  // It would try to send usage data, and leaves files in the temporary folder.
  process.env.ORT_DISABLE_TELEMETRY = '1';
  const ort = require('onnxruntime-node');
  const { config } = readNetwork(folder);
  const model = join(folder, `${batch}x${size}.${kind === 'statistics' ? 'batch' : 'moving'}.onnx`);
  const session = await ort.InferenceSession.create(model, {
    executionProviders: [provider],
    logSeverityLevel: 3,
  });
  const { x } = readBatch(folder, { batch, size });
  const nchw = toNchw(x, batch, size, config.inputChannels);
  const dims = [batch, config.inputChannels, size, size];
  return {
    adapter: provider === 'cpu' ? 'CPU' : null,
    versions: { 'onnxruntime-node': versionOf(require, 'onnxruntime-node') },
    async run() {
      const { probabilities } = await session.run({ image: new ort.Tensor('float32', nchw, dims) });
      return probabilities.data;
    },
  };
}
