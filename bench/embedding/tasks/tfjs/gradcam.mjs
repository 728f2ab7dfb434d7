import '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import { model as connect, loadLayersModel } from '@tensorflow/tfjs-layers';

export default async function gradcam({ file, finding, side }) {
  await tf.setBackend('webgpu');
  const model = await loadLayersModel('/models/tfjs/model.json');
  const labels = await (await fetch('/models/labels.json')).json();
  const image = await createImageBitmap(file);
  const last = model.layers.findIndex(({ name }) => name === 'bn');
  const base = connect({ inputs: model.inputs, outputs: model.layers[last].output });
  const output = tf.tidy(() => {
    const pixels = tf.image.resizeNearestNeighbor(tf.browser.fromPixels(image), [side, side]);
    const { mean, variance } = tf.moments(pixels);
    const x = tf.div(tf.sub(pixels, mean), tf.add(tf.sqrt(variance), 1e-6));
    const features = base.predict(tf.expandDims(x));
    const chosen = tf.oneHot([labels.indexOf(finding)], labels.length);
    const score = (y) => {
      for (const layer of model.layers.slice(last + 1)) y = layer.apply(y);
      return tf.sum(tf.mul(y, chosen));
    };
    const alpha = tf.mean(tf.grad(score)(features), [1, 2], true);
    const cam = tf.sum(tf.mul(features, alpha), -1, true);
    const map = tf.relu(tf.image.resizeBilinear(cam, [side, side], false, true));
    return tf.div(map, tf.max(map));
  });
  return output.data();
}
