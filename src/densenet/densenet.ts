/** DenseNet for users: a model that knows its configuration. */
import type { Gpu } from '../engine/device/gpu.js';
import { checkModelOptions } from '../training/model/context.js';
import { Model, type ModelOptions } from '../training/model/model.js';
import type { WeightMap } from '../training/parameterSpec.js';
import { type DenseNetConfig, densenetConfig, HEAD_LAYER } from './architecture.js';
import { checkedConfig, outputsWanted } from './config.js';
import { densenetNetwork } from './network.js';

/** How a DenseNet is made: of which configuration, with which weights. */
export interface DenseNetOptions extends ModelOptions {
  /** Default: densenet121 with 14 classes. */
  config?: DenseNetConfig;
  /**
   * Names of the outputs, or their number, whatever `config.classes` says. Where `weights` have no head or one of
   * another number of outputs, the base is kept and the head drawn by `seed`; one of this number is kept, whatever it
   * was trained on: `replaceHead` draws it anew. Null is as if left out.
   */
  labels?: readonly string[] | null;
  classes?: number;
}

/** A DenseNet with its weights on one GPU: `DenseNet.create(gpu, { config, weights })`. */
export class DenseNet extends Model {
  /** @param config frozen: a network's shape is settled when it is made */
  private constructor(
    gpu: Gpu,
    readonly config: DenseNetConfig,
    override readonly labels: readonly string[] | null,
    options: ModelOptions,
  ) {
    super(gpu, densenetNetwork(config), options);
  }

  /**
   * A network with weights on the GPU; it keeps copies of the options.
   * @throws UsageError for options that make no sense, WeightsError, OutOfMemoryError
   */
  static async create(gpu: Gpu, options: DenseNetOptions = {}): Promise<DenseNet> {
    checkModelOptions('DenseNet.create', gpu, options, ['config', 'labels', 'classes']);
    const asked = checkedConfig(options.config ?? densenetConfig('densenet121'));
    const { weights, seed } = options;
    const head = { labels: options.labels ?? undefined, classes: options.classes };
    const classes = outputsWanted(head, asked.classes);
    const config = checkedConfig({ ...asked, classes });
    const labels = head.labels ? Object.freeze([...head.labels]) : null;
    const isHeadAsked = head.labels !== undefined || head.classes !== undefined;
    const fits = weights === undefined || !isHeadAsked || hasHead(weights, classes);
    const own = fits ? weights : await withNewHead(config, weights, seed);
    return new DenseNet(gpu, config, labels, options).begin({ ...options, weights: own });
  }
}

/** Whether weights have a head of so many outputs. */
function hasHead(weights: WeightMap, classes: number): boolean {
  return weights.get(`${HEAD_LAYER}/bias`)?.length === classes;
}

/** What draws is loaded by those who have something to draw. */
async function withNewHead(config: DenseNetConfig, weights: WeightMap, seed?: number): Promise<WeightMap> {
  const { replaceHead } = await import('./initialisers.js');
  return replaceHead({ config, weights }, { seed }).weights;
}
