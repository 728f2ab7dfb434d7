/**
 * `model_config`, the architecture as JSON, which `model.save` of Keras 2.3.1 puts beside the weights. Its keys are the
 * ones that Keras 2.3, tf_keras and Keras 3 all know.
 */
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
