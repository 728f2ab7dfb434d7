import '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';

export default async function batch({ pixels, count, side }) {
  await tf.setBackend('webgpu');
  const model = await loadLayersModel('/models/tfjs/model.json');
  const output = tf.tidy(() => {
    const gray = tf.tensor4d(Float32Array.from(pixels), [count, side, side, 1]);
    const { mean, variance } = tf.moments(gray, [1, 2, 3], true);
    const x = tf.div(tf.sub(gray, mean), tf.add(tf.sqrt(variance), 1e-6));
    return model.predict(tf.tile(x, [1, 1, 1, 3]));
  });
  return output.data();
}
