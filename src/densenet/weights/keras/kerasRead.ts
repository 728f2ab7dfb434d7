/** What `readKerasHdf5` does, loaded by the first Keras file and not before. */
import { WeightsError } from '../../../core/errors.js';
import { breathing } from '../../../core/work.js';
import type { OptimizerState } from '../../../training/optimizers/state.js';
import type { WeightMap } from '../../../training/parameterSpec.js';
import { type DenseNetConfig, parameterTable } from '../../architecture.js';
import type { WeightsReadOptions, WeightsReport } from '../format.js';
import { readHdf5 } from '../hdf5/hdf5.js';
import { readMeaning, type StoredMeaning } from '../hdf5/meaningAttribute.js';
import { checkNumbers } from '../matchTensors.js';
import { type SaidBy, type StatedByCaller, saidBy } from '../statedFacts.js';
import { readTensor } from '../storedLayers.js';
import { type KerasArchitecture, readArchitecture } from './kerasArchitecture.js';
import { readStoredModel, type StoredModel, type WeightLayout } from './kerasLayout.js';
import { type Match, matchLayers } from './kerasMatch.js';
import { hasOptimizer, readOptimizerState } from './kerasOptimizer.js';
import { fromStored } from './kernelOrder.js';

export interface KerasReport extends WeightsReport {
  layout: WeightLayout;
  /** '1' where the file does not say. */
  kerasVersion: string;
  /** As the file says, or else as `backend` of the options does; '' where neither does. */
  backend: string;
  /** Layers in the file, with or without weights. */
  layerCount: number;
  /** Layers in the file that have weights. */
  weightLayers: number;
  /** True when the base was stored as one layer of an outer model. */
  nested: boolean;
  matchedBy: Match['matchedBy'];
  /** True when the file keeps an optimizer's state; it is read only where asked for. */
  optimizer: boolean;
  /** Side of the images where the file's model takes only one. */
  inputSize: number | null;
  /** Layers of the file's model that do nothing in a prediction (dropout, augmentation). */
  idle: string[];
}

export interface KerasWeights {
  /** By ParameterSpec.key; without the head's tensors where `report.head` is false. */
  tensors: WeightMap;
  /**
   * The network to build: the one asked for with the file's input channels and classes and, where the file says
   * how it is built, its activation and its batch norms' epsilon and momentum.
   */
  config: DenseNetConfig;
  /** x * scale + offset, which the file's model does to its pixels itself; null where it says of none. */
  rescaling: { scale: number; offset: number } | null;
  /** What the file says in an attribute of this project; null where it has none. */
  meaning: StoredMeaning | null;
  /** The optimizer's state, where it was asked for: `compile({ ..., optimizer })` goes on from it. */
  optimizer?: OptimizerState;
  report: KerasReport;
}

export type KerasReadOptions = WeightsReadOptions;

/** `readKerasHdf5` with all its parameters. */
export async function readKeras(
  bytes: Uint8Array,
  asked: DenseNetConfig,
  name: string,
  options: KerasReadOptions,
): Promise<KerasWeights> {
  const breathe = breathing(options);
  // What ends the reading is no damage that HDF5 complains of.
  let ended: { reason: unknown } | undefined;
  const tellRead = (done: number, total?: number) =>
    breathe({
      phase: 'read',
      done,
      ...(total !== undefined && { total }),
      unit: 'tensors',
      note: name,
    }).catch((reason: unknown) => {
      ended = { reason };
      throw reason;
    });
  await tellRead(0);
  const reading = readHdf5(bytes, name, async (root) => {
    const stored = readStoredModel(root, name);
    const match = matchLayers(stored, asked, name, options);
    const { pairs, head, matchedBy, kernelOrder, leftOver } = match;
    const json = stored.modelConfig ?? options.modelConfig;
    const said = json === undefined ? undefined : readArchitecture(json, match.config, name, options.head);
    const meaning = readMeaning(root, match.config.classes, name);
    const { config, ...sources } = settle(match, { ...meaning, ...said }, options, name);
    const backend = stored.backend || options.backend || '';
    if (kernelOrder === 'oihw' && backend === '') {
      throw new WeightsError(
        `${name} stores its kernels as Keras 1 on Theano did, [out, in, height, width], but does not say whether ` +
          'Theano trained it; if so they are turned by 180 degrees.',
        "Read it with { backend: 'theano' } (the usual case) or { backend: 'tensorflow' }.",
      );
    }
    const tensors: WeightMap = new Map();
    for (const { spec, tensor } of pairs) {
      const values = fromStored(spec, readTensor(tensor, name), kernelOrder, backend === 'theano');
      checkNumbers(spec, values, `${name}: layer ${spec.layer}, ${spec.tensor}`);
      tensors.set(spec.key, values);
      await tellRead(tensors.size, pairs.length);
    }
    const optimizer = options.optimizer
      ? readOptimizerState(root, trainedTensors(stored, pairs, config), config, name, options.optimizer)
      : undefined;
    const { layout, kerasVersion, layerCount, nested } = stored;
    const weightLayers = stored.layers.length;
    const tensorCount = tensors.size;
    return {
      tensors,
      config,
      rescaling: said?.rescaling ?? null,
      meaning,
      optimizer,
      report: {
        layout,
        kerasVersion,
        backend,
        layerCount,
        weightLayers,
        tensorCount,
        head,
        nested,
        matchedBy,
        optimizer: hasOptimizer(root),
        leftOver,
        ...sources,
        activationInFile: said?.activation ?? meaning?.activation ?? null,
        inputSize: said?.inputSize ?? null,
        idle: said?.idle ?? [],
      },
    };
  });
  return reading.catch((error: unknown) => {
    throw ended ? ended.reason : error;
  });
}

/** The network's activation and batch norms: by the caller, else by the file, else as they were asked for. */
function settle(
  { config, head }: Match,
  said: Partial<KerasArchitecture>,
  { activation, bnEpsilon }: StatedByCaller,
  name: string,
): { config: DenseNetConfig; activationBy: SaidBy; bnEpsilonBy: SaidBy } {
  if (head && said.activation === 'linear' && activation === undefined) {
    throw new WeightsError(
      `${name} says that its outputs are logits: the last layer has no activation.`,
      "Say with `activation` what makes probabilities of them: 'sigmoid' or 'softmax'.",
    );
  }
  const stated = said.activation === 'linear' ? null : (said.activation ?? null);
  return {
    config: {
      ...config,
      activation: activation ?? stated ?? config.activation,
      bnEpsilon: bnEpsilon ?? said.bnEpsilon ?? config.bnEpsilon,
      bnMomentum: said.bnMomentum ?? config.bnMomentum,
    },
    activationBy: saidBy(activation, stated),
    bnEpsilonBy: saidBy(bnEpsilon, said.bnEpsilon),
  };
}

/** What the file's model trains, in its own order: of layers, and of tensors in a layer. */
function trainedTensors(
  stored: StoredModel,
  pairs: Match['pairs'],
  config: DenseNetConfig,
): ReturnType<typeof parameterTable> {
  // Keras 3's weights keep the order within each class of layers only, but names and shapes were checked.
  const order =
    stored.layout === 'keras3'
      ? parameterTable(config)
      : stored.layers.flatMap((layer) =>
          layer.tensors.flatMap((tensor) => pairs.find((pair) => pair.tensor === tensor)?.spec ?? []),
        );
  return order.filter((spec) => spec.trainable);
}
