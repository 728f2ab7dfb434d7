import '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';

export default async function fineTune({ pixels, labels, count, side }) {
  await tf.setBackend('webgpu');
  const model = await loadLayersModel('/models/tfjs/model.json');
  const x = tf.tidy(() => {
    const gray = tf.tensor4d(Float32Array.from(pixels), [count, side, side, 1]);
    const { mean, variance } = tf.moments(gray, [1, 2, 3], true);
    return tf.tile(tf.div(tf.sub(gray, mean), tf.add(tf.sqrt(variance), 1e-6)), [1, 1, 1, 3]);
  });
  const y = tf.tensor2d(labels, [count, labels.length / count]);
  model.compile({ loss: 'binaryCrossentropy', optimizer: tf.train.adam(1e-4) });
  const { history } = await model.fit(x, y, { batchSize: count, epochs: 2, shuffle: false });
  return history.loss;
}
