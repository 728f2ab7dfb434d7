/** What of a network learns, and how fast: layers that are frozen, layers with a learning rate of their own. */
import { listOfStrings, oneOf, positiveNumber, requireObject } from '../../core/arguments.js';
import { UsageError } from '../../core/errors.js';
import { plural, whole } from '../../core/formatting.js';
import type { FrozenLayers } from '../network.js';
import type { TrainableLayout } from '../optimizers/optimizer.js';
import type { ParameterSpec, ParameterTable } from '../parameterSpec.js';
import { layersOf, selectLayers } from './layerNames.js';

export interface LayerSettings {
  /**
   * Layers that do not learn, each by name, block or pattern (`selectLayers`): their weights get no step and no decay,
   * the optimizer's numbers for them stay (Keras' `layer.trainable = False`, PyTorch's `requires_grad_(False)`).
   * Default: none.
   */
  freeze: readonly string[];
  /**
   * What the batch norms among them do in a step. `inference`, the default: they go by their moving averages, which
   * stay, as Keras' BatchNormalization does when it is not trainable (since TensorFlow 2; PyTorch's `eval()`).
   * `training`: they go by the batch's statistics and their moving averages move, as in Keras 2.3 on TensorFlow 1 and
   * in a PyTorch module that stays in `train()`.
   */
  frozenNorms: 'inference' | 'training';
  /**
   * Factors on the learning rate by layer, named as in `freeze`: { conv1: 0.1, 'conv2_*': 0.3 } (PyTorch's parameter
   * groups; discriminative fine-tuning, Howard and Ruder 2018). Of several that mean a layer the last holds. AdamW's
   * decay is a part of the rate. Default: none.
   */
  rateOf: Readonly<Record<string, number>>;
}

export const FROZEN_NORMS = ['inference', 'training'] as const;

const OFF: LayerSettings = { freeze: [], frozenNorms: 'inference', rateOf: {} };

/** A checked copy of what of these is given. @throws UsageError naming the field */
export function checkLayers(options: Partial<LayerSettings>): Partial<LayerSettings> {
  const { freeze, frozenNorms, rateOf } = options;
  const checked: { -readonly [K in keyof LayerSettings]?: LayerSettings[K] } = {};
  if (freeze !== undefined) checked.freeze = [...listOfStrings('freeze', freeze, 'name of layers')];
  if (frozenNorms !== undefined) checked.frozenNorms = oneOf('frozenNorms', frozenNorms, FROZEN_NORMS);
  if (rateOf !== undefined) {
    requireObject('rateOf', rateOf);
    const factors = Object.entries(rateOf);
    checked.rateOf = Object.fromEntries(factors.map(([of, factor]) => [of, checkFactor(of, factor)]));
  }
  return checked;
}

/** @throws UsageError unless it is a factor that a rate can be multiplied by */
export function checkFactor(of: string, factor: unknown): number {
  if (factor === 0) throw new UsageError(`rateOf: ${of} is 0.`, 'Freeze what is not to learn: freeze.');
  return positiveNumber(`rateOf: ${of}`, factor);
}

/** All of them: what is given, else those before, else nothing frozen and one rate. */
export function completeLayers(
  given: Partial<LayerSettings> = {},
  before: Partial<LayerSettings> = {},
): LayerSettings {
  return { ...OFF, ...before, ...given };
}

/** What settings mean for one network. */
export interface LayerRoles {
  /** Undefined where all learn. */
  readonly frozen?: FrozenLayers;
  /** On the learning rate of a layer; 0 where it is frozen. */
  factorOf(layer: string): number;
  /** The pattern that gave a layer its own. */
  rateFrom(layer: string): string | undefined;
  /** The largest of them. */
  readonly largest: number;
  /** Whether any of them is not 1. */
  readonly differ: boolean;
}

/**
 * @throws UsageError for a pattern that means no layer, factors of layers that are all frozen, a choice for frozen
 *   batch norms where there are none, and where nothing is left that learns
 */
export function layerRoles(network: ParameterTable, settings: LayerSettings): LayerRoles {
  const { freeze, frozenNorms, rateOf } = settings;
  const frozen = new Set(freeze.flatMap((pattern) => selectLayers('freeze', network, pattern)));
  const factors = new Map(layersOf(network).map((layer) => [layer, frozen.has(layer) ? 0 : 1]));
  const patterns = new Map<string, string>();
  for (const [pattern, factor] of Object.entries(rateOf)) {
    const learning = selectLayers('rateOf', network, pattern).filter((layer) => !frozen.has(layer));
    if (learning.length === 0) {
      throw new UsageError(`rateOf: every layer of '${pattern}' is frozen.`, 'Leave out one of the two.');
    }
    for (const layer of learning) {
      factors.set(layer, factor);
      patterns.set(layer, pattern);
    }
  }
  const values = [...factors.values()];
  const largest = Math.max(...values);
  if (largest === 0)
    throw new UsageError(`freeze: nothing of ${network.name} is left to learn.`, 'Name less.');
  const norms = network.parameters.some(({ layer, tensor }) => tensor === 'gamma' && frozen.has(layer));
  if (frozenNorms !== 'inference' && !norms) {
    throw new UsageError(
      `frozenNorms is '${frozenNorms}', and no batch norm is frozen.`,
      freeze.length > 0 ? 'Leave it out.' : 'Leave it out, or say what is frozen: freeze.',
    );
  }
  return {
    frozen: frozen.size > 0 ? { layers: frozen, norms: frozenNorms } : undefined,
    factorOf: (layer) => factors.get(layer) ?? 1,
    rateFrom: (layer) => patterns.get(layer),
    largest,
    differ: values.some((factor) => factor !== 1),
  };
}

/** The factors as updates take them, one per block of the layout. */
export function blockFactors(layout: TrainableLayout, { factorOf }: LayerRoles): Float32Array {
  return layout.perBlock(({ layer }: ParameterSpec) => factorOf(layer));
}

/**
 * For people, a line each for what is frozen and for each rate of its own; none where all learn alike.
 * @throws UsageError as `layerRoles`
 */
export function describeLayers(network: ParameterTable, settings: LayerSettings): string[] {
  const { frozen, rateFrom } = layerRoles(network, settings);
  const trainable = network.parameters.filter((spec) => spec.trainable);
  const numbers = (of: (layer: string) => boolean) =>
    trainable.reduce((sum, { layer, size }) => sum + (of(layer) ? size : 0), 0);
  const lines: string[] = [];
  if (frozen) {
    const { layers, norms } = frozen;
    const held = trainable.some(({ layer, tensor }) => tensor === 'gamma' && layers.has(layer));
    const how = norms === 'inference' ? 'moving averages, which stay' : "each batch's statistics";
    lines.push(
      `Frozen: ${settings.freeze.join(', ')}: ${layers.size} of ${plural(layersOf(network).length, 'layer')}, ` +
        `${whole(numbers((layer) => layers.has(layer)))} of ${whole(numbers(() => true))} parameters` +
        `${held ? `; their batch norms by ${how}` : ''}`,
    );
  }
  for (const [pattern, factor] of Object.entries(settings.rateOf)) {
    const layers = new Set(layersOf(network).filter((layer) => rateFrom(layer) === pattern));
    lines.push(
      `Learning rate times ${factor}: ${pattern}: ${plural(layers.size, 'layer')}, ` +
        `${whole(numbers((layer) => layers.has(layer)))} parameters`,
    );
  }
  return lines;
}
