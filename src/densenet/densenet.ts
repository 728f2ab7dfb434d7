/** DenseNet for users: a model that knows its configuration. */
import { requireObject } from '../core/arguments.js';
import type { Gpu } from '../engine/device/gpu.js';
import { Model, type ModelOptions, requireGpu } from '../training/model/model.js';
import { type DenseNetConfig, densenetConfig } from './architecture.js';
import { checkedConfig } from './config.js';
import { densenetNetwork } from './network.js';

/** How a DenseNet is made: of which configuration, with which weights. */
export interface DenseNetOptions extends ModelOptions {
  /** Default: densenet121 with 14 classes. */
  config?: DenseNetConfig;
}

/** A DenseNet with its weights on one GPU: `DenseNet.create(gpu, { config, weights })`. */
export class DenseNet extends Model {
  /** @param config frozen: a network's shape is settled when it is made */
  private constructor(
    gpu: Gpu,
    readonly config: DenseNetConfig,
    options: ModelOptions,
  ) {
    super(gpu, densenetNetwork(config), options);
  }

  /**
   * A network with weights on the GPU; it keeps copies of the options.
   * @throws UsageError for options that make no sense, WeightsError, OutOfMemoryError
   */
  static async create(gpu: Gpu, options: DenseNetOptions = {}): Promise<DenseNet> {
    requireGpu('DenseNet.create', gpu);
    requireObject('The options of DenseNet.create', options);
    const config = checkedConfig(options.config ?? densenetConfig('densenet121'));
    return new DenseNet(gpu, config, options).begin(options);
  }
}
