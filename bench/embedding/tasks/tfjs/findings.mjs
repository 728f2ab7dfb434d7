import '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';

export default async function findings({ file, side }) {
  await tf.setBackend('webgpu');
  const model = await loadLayersModel('/models/tfjs/model.json');
  const labels = await (await fetch('/models/labels.json')).json();
  const image = await createImageBitmap(file);
  const output = tf.tidy(() => {
    const pixels = tf.image.resizeNearestNeighbor(tf.browser.fromPixels(image), [side, side]);
    const { mean, variance } = tf.moments(pixels);
    const x = tf.div(tf.sub(pixels, mean), tf.add(tf.sqrt(variance), 1e-6));
    return model.predict(tf.expandDims(x));
  });
  const probabilities = await output.data();
  return Object.fromEntries(labels.map((label, i) => [label, probabilities[i]]));
}
