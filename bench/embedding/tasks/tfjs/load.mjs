import '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';

export default async function load({ digests, onProgress }) {
  await tf.setBackend('webgpu');
  const kept = `indexeddb://${digests['model.json'].sha256}`;
  if ((await tf.io.listModels())[kept]) return loadLayersModel(kept);
  const fetchFunc = (url, init) => {
    const { integrity } = digests[url.split('/').at(-1)];
    return fetch(url, { ...init, integrity });
  };
  const model = await loadLayersModel('/models/tfjs/model.json', { onProgress, fetchFunc });
  await model.save(kept);
  return model;
}
