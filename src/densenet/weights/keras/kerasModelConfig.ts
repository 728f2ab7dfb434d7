/**
 * The JSON that `model.save` of Keras 2.3.1 puts beside the weights: `model_config`, the architecture, and
 * `training_config`, optimiser and loss. Its keys are the ones that Keras 2.3, tf_keras and Keras 3 all know.
 */
import { ADAM } from '../../../training/optimizers/adam.js';
import { complete, type SettingMap } from '../../../training/optimizers/optimizer.js';
import type { ParameterSpec } from '../../../training/parameterSpec.js';
import type { DenseNetConfig, Layer } from '../../architecture.js';

const ZEROS = { class_name: 'Zeros', config: {} };
const ONES = { class_name: 'Ones', config: {} };
/** glorot_uniform. */
const GLOROT = {
  class_name: 'VarianceScaling',
  config: { scale: 1, mode: 'fan_avg', distribution: 'uniform', seed: null },
};

/** What convolutions and the dense layer say of their kernel and bias. */
const KERNEL_AND_BIAS = {
  kernel_initializer: GLOROT,
  bias_initializer: ZEROS,
  kernel_regularizer: null,
  bias_regularizer: null,
  activity_regularizer: null,
  kernel_constraint: null,
  bias_constraint: null,
};

const channelsLast = { data_format: 'channels_last' };

/** Class and own settings of one layer. */
function describe(
  layer: Layer,
  bias: boolean,
  config: DenseNetConfig,
): [className: string, settings: Record<string, unknown>] {
  const { kind, kernel, stride, pad, cout } = layer;
  const window = {
    pool_size: [kernel, kernel],
    padding: 'valid',
    strides: [stride, stride],
    ...channelsLast,
  };
  switch (kind) {
    case 'input':
      return ['InputLayer', { batch_input_shape: [null, null, null, config.inputChannels], sparse: false }];
    case 'zeropad': {
      const sides = [pad, pad];
      return ['ZeroPadding2D', { padding: [sides, sides], ...channelsLast }];
    }
    case 'conv': {
      const size = { filters: cout, kernel_size: [kernel, kernel], strides: [stride, stride] };
      const padding = { padding: pad > 0 ? 'same' : 'valid', ...channelsLast, dilation_rate: [1, 1] };
      return ['Conv2D', { ...size, ...padding, activation: 'linear', use_bias: bias, ...KERNEL_AND_BIAS }];
    }
    case 'batchnorm':
      return [
        'BatchNormalization',
        {
          axis: 3,
          momentum: config.bnMomentum,
          epsilon: config.bnEpsilon,
          center: true,
          scale: true,
          beta_initializer: ZEROS,
          gamma_initializer: ONES,
          moving_mean_initializer: ZEROS,
          moving_variance_initializer: ONES,
          beta_regularizer: null,
          gamma_regularizer: null,
          beta_constraint: null,
          gamma_constraint: null,
        },
      ];
    case 'relu':
      return ['Activation', { activation: 'relu' }];
    case 'maxpool':
      return ['MaxPooling2D', window];
    case 'avgpool':
      return ['AveragePooling2D', window];
    case 'concat':
      return ['Concatenate', { axis: 3 }];
    case 'gap':
      return ['GlobalAveragePooling2D', channelsLast];
    case 'dense':
      return ['Dense', { units: cout, activation: config.activation, use_bias: bias, ...KERNEL_AND_BIAS }];
  }
}

/**
 * The functional model of `layers`, for images of any size; the dense layer has its activation.
 * @param rename what the file calls a layer
 */
export function modelConfig(
  config: DenseNetConfig,
  layers: readonly Layer[],
  specs: readonly ParameterSpec[],
  rename: (layer: string) => string,
): unknown {
  const withBias = new Set(specs.filter((spec) => spec.tensor === 'bias').map((spec) => spec.layer));
  const node = (layer: string) => [rename(layer), 0, 0];
  return {
    class_name: 'Model',
    config: {
      name: 'model_1',
      layers: layers.map((layer) => {
        const [className, settings] = describe(layer, withBias.has(layer.name), config);
        const name = rename(layer.name);
        const common = { name, ...(layer.kind === 'input' ? {} : { trainable: true }), dtype: 'float32' };
        const inputs = layer.inputs.map((input) => [...node(input), {}]);
        return {
          name,
          class_name: className,
          config: { ...common, ...settings },
          inbound_nodes: inputs.length > 0 ? [inputs] : [],
        };
      }),
      input_layers: [node(layers[0].name)],
      output_layers: [node(layers[layers.length - 1].name)],
    },
  };
}

/**
 * Adam with its settings. The loss is Keras' own binary cross-entropy, because a loss of one's own has to be
 * handed to `load_model` by name; whoever trains on with the weighted loss compiles with `model.optimizer`.
 */
export function trainingConfig(settings: SettingMap): unknown {
  const { learningRate, beta1, beta2, epsilon } = complete(ADAM, settings).settings;
  return {
    optimizer_config: {
      class_name: 'Adam',
      config: {
        learning_rate: learningRate,
        beta_1: beta1,
        beta_2: beta2,
        decay: 0,
        epsilon,
        amsgrad: false,
      },
    },
    loss: 'binary_crossentropy',
    metrics: [],
    weighted_metrics: null,
    sample_weight_mode: null,
    loss_weights: null,
  };
}
