/** The network of the race in TensorFlow.js, in Node and in a page alike. */

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

/**
 * What an engine of TensorFlow.js runs in a job.
 * @param tf the core with its `input`, `layers` and `model`, its backend chosen
 * @param network configuration, layers, parameters and weights by key
 * @param job kind, batch, size; `x` and `labels` of the batch
 * @returns a function that gives probabilities, or `[loss]` of one step of training
 */
export function tfjsRun(tf, network, { kind, batch, size, x, labels }) {
  const model = buildModel(tf, network, size);
  const shape = [batch, size, size, network.config.inputChannels];
  if (kind === 'forward' || kind === 'coldStart') {
    return async () => {
      const input = tf.tensor4d(x, shape);
      const output = model.predict(input, { batchSize: batch });
      const values = await output.data();
      tf.dispose([input, output]);
      return values;
    };
  }
  model.compile({ optimizer: tf.train.adam(1e-4, 0.9, 0.999, 1e-7), loss: crossEntropy(tf, 1e-7) });
  return async () => {
    const input = tf.tensor4d(x, shape);
    const y = tf.tensor2d(labels, [batch, network.config.classes]);
    const loss = await model.trainOnBatch(input, y);
    await tf.backend().device.queue.onSubmittedWorkDone();
    tf.dispose([input, y]);
    return [Array.isArray(loss) ? loss[0] : loss];
  };
}
