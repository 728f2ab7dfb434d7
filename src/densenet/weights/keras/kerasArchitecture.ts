/**
 * What a Keras file says of its own network (`model_config`), held against the network that is built here: what
 * can be taken over is (activation, batch norms' epsilon and momentum, the size and scale of the pixels), and
 * whatever would give other numbers is refused by the layer's name.
 */
import { WeightsError } from '../../../core/errors.js';
import { type DenseNetConfig, type Layer, type LayerKind, layerTable } from '../../architecture.js';
import { type SavedLayer, type SavedModel, savedModel } from './kerasLayers.js';
import { type Axis, activationOf, axisOf, objection } from './kerasSettings.js';

export interface KerasArchitecture {
  /** Behind the dense layer; null where there is none. */
  activation: 'sigmoid' | 'softmax' | 'linear' | null;
  bnEpsilon: number;
  /** Null where the layers differ, which matters to training alone. */
  bnMomentum: number | null;
  /** Side of the images in pixels, where the model takes only one. */
  inputSize: number | null;
  /** x * scale + offset, which the model itself does to the pixels. */
  rescaling: { scale: number; offset: number } | null;
  /** Layers that do nothing in a prediction, by name and class. */
  idle: string[];
}

const KINDS: Readonly<Record<string, LayerKind>> = {
  InputLayer: 'input',
  ZeroPadding2D: 'zeropad',
  Conv2D: 'conv',
  Convolution2D: 'conv',
  BatchNormalization: 'batchnorm',
  BatchNormalizationV1: 'batchnorm',
  BatchNormalizationV2: 'batchnorm',
  SyncBatchNormalization: 'batchnorm',
  MaxPooling2D: 'maxpool',
  MaxPool2D: 'maxpool',
  AveragePooling2D: 'avgpool',
  AvgPool2D: 'avgpool',
  Concatenate: 'concat',
  Merge: 'concat',
  GlobalAveragePooling2D: 'gap',
  GlobalAvgPool2D: 'gap',
  Dense: 'dense',
};

/** Keras' class for each kind, for messages. */
const CLASSES: Readonly<Record<LayerKind, string>> = {
  input: 'InputLayer',
  zeropad: 'ZeroPadding2D',
  conv: 'Conv2D',
  batchnorm: 'BatchNormalization',
  relu: 'ReLU',
  maxpool: 'MaxPooling2D',
  avgpool: 'AveragePooling2D',
  concat: 'Concatenate',
  gap: 'GlobalAveragePooling2D',
  dense: 'Dense',
};

/** Layers that pass their input on unchanged where nothing is trained. */
const IDLE =
  /^((Alpha|Gaussian)?Dropout|SpatialDropout2D|GaussianNoise|ActivityRegularization|Random[A-Z]\w*|Identity)$/;

const isActivation = ({ className }: SavedLayer) => /^(Activation|ReLU|Softmax)$/.test(className);

const kindOf = (layer: SavedLayer): LayerKind | undefined =>
  isActivation(layer) && activationOf(layer) === 'relu' ? 'relu' : KINDS[layer.className];

/**
 * Reads `json`, the model_config of a file whose tensors have been found to fit `config`.
 * @param head name of the classifier where the file has several candidates; 'none' for the base alone
 * @throws WeightsError naming the layer that this network does not have so
 */
export function readArchitecture(
  json: string,
  config: DenseNetConfig,
  fileName: string,
  head?: string,
): KerasArchitecture {
  const refuse = (what: string) =>
    new WeightsError(`${fileName}: ${what}.`, 'Such a network is not built here.');
  let model: SavedModel;
  try {
    model = savedModel(json);
  } catch (error) {
    throw new WeightsError(
      `${fileName} does not say in readable words how its network is built: ` +
        `${(error as Error).message} (model_config).`,
      'Get the file again.',
      { cause: error },
    );
  }
  const { found, idle, inputs, rescaling } = sortLayers(model, refuse);
  const axis = axisOf(found, refuse);
  const wanted = layerTable(config).filter(({ kind }) => kind !== 'input');
  const base = wanted.filter(({ kind }) => kind !== 'gap' && kind !== 'dense');
  const chosen = head === undefined ? found : onlyHead(found, base.length, head);
  const hasDense = chosen.some((layer) => kindOf(layer) === 'dense');
  const { body, activation } = hasDense
    ? splitActivation(chosen, refuse)
    : { body: chosen, activation: null };
  // A base may end with its pooling.
  const headless = wanted.slice(0, body.length > base.length ? base.length + 1 : base.length);
  const pairs = pairUp(body, hasDense ? wanted : headless, config, refuse);
  const sources = new Map(pairs.map(([saved, layer]) => [saved.key, layer.name]));
  for (const key of ['', ...inputs.map((layer) => layer.key)]) sources.set(key, layerTable(config)[0].name);
  for (const [saved, layer] of pairs) {
    const problem = objection(saved, layer, axis) ?? misread(saved, layer, model, sources);
    if (problem) throw refuse(`layer ${saved.name} (${saved.className}) ${problem}`);
  }
  const norms = pairs.filter(([, { kind }]) => kind === 'batchnorm').map(([saved]) => saved);
  return {
    activation,
    bnEpsilon: oneEpsilon(norms, refuse),
    bnMomentum: oneOf(norms.map(({ settings }) => settings.momentum)),
    inputSize: sizeOf(inputs, axis),
    rescaling,
    idle,
  };
}

type Refuse = (what: string) => WeightsError;

/** Computing layers in their order; what does nothing, and what works on the pixels, apart. */
function sortLayers(model: SavedModel, refuse: Refuse) {
  const found: SavedLayer[] = [];
  const idle: string[] = [];
  const inputs: SavedLayer[] = [];
  let rescaling: KerasArchitecture['rescaling'] = null;
  for (const layer of model.layers) {
    const kind = kindOf(layer);
    const isFlat = layer.className === 'Flatten' && found.some((before) => kindOf(before) === 'gap');
    const isLinear = isActivation(layer) && activationOf(layer) === 'linear';
    if (kind === 'input') {
      inputs.push(layer);
    } else if (IDLE.test(layer.className) || isFlat || isLinear) {
      if (!isFlat && !isLinear) idle.push(`${layer.name} (${layer.className})`);
      model.aliases.set(layer.key, layer.inputs);
    } else if (layer.className === 'Rescaling' && found.length === 0 && rescaling === null) {
      rescaling = scaleOf(layer, refuse);
      model.aliases.set(layer.key, layer.inputs);
    } else found.push(layer);
  }
  if (inputs.length > 1) throw refuse(`it has ${inputs.length} inputs`);
  return { found, idle, inputs, rescaling };
}

function scaleOf({ name, settings }: SavedLayer, refuse: Refuse): { scale: number; offset: number } {
  const { scale, offset = 0 } = settings;
  if (typeof scale === 'number' && typeof offset === 'number' && scale > 0 && Number.isFinite(offset)) {
    return { scale, offset };
  }
  throw refuse(`layer ${name} (Rescaling) has scale ${JSON.stringify(scale)}, not one positive number`);
}

/** Of what follows the base, the pooling and the classifier of that name. */
function onlyHead(found: readonly SavedLayer[], base: number, head: string): SavedLayer[] {
  const tail = found.slice(base);
  const classifier = tail.filter(({ name }) => name === head);
  const pool = head === 'none' ? [] : tail.slice(0, 1);
  return [...found.slice(0, base), ...pool, ...classifier];
}

/** The activation behind the dense layer: its own, or a layer of its own. */
function splitActivation(chosen: readonly SavedLayer[], refuse: Refuse) {
  const last = chosen[chosen.length - 1];
  const apart = isActivation(last) ? last : undefined;
  const body = apart ? chosen.slice(0, -1) : chosen;
  const dense = body[body.length - 1];
  const own = activationOf(dense);
  const activation = apart && own === 'linear' ? activationOf(apart) : own;
  const isKnown = activation === 'sigmoid' || activation === 'softmax' || activation === 'linear';
  if (!isKnown || (apart && own !== 'linear')) {
    const words = apart && own !== 'linear' ? `${own} and then ${activationOf(apart)}` : activation;
    throw refuse(
      `layer ${dense.name} (${dense.className}) has the activation ${words}; sigmoid and softmax are known`,
    );
  }
  return { body, activation: activation as KerasArchitecture['activation'] };
}

/** Each of the file's layers with the network's. */
function pairUp(
  found: readonly SavedLayer[],
  wanted: readonly Layer[],
  config: DenseNetConfig,
  refuse: Refuse,
): [SavedLayer, Layer][] {
  const at = wanted.findIndex((layer, i) => found[i] === undefined || kindOf(found[i]) !== layer.kind);
  if (at < 0 && found.length === wanted.length) return wanted.map((layer, i) => [found[i], layer]);
  const saved = found[at < 0 ? wanted.length : at];
  const there = at < 0 ? 'nothing' : `${CLASSES[wanted[at].kind]} (${wanted[at].name})`;
  if (!saved) throw refuse(`its model ends where ${config.name} has ${there}`);
  const activation = isActivation(saved) ? ` '${activationOf(saved)}'` : '';
  throw refuse(`layer ${saved.name} is ${saved.className}${activation}, ${config.name} has ${there} there`);
}

/** Whether a layer reads others than in the network, in words. */
function misread(
  saved: SavedLayer,
  layer: Layer,
  { aliases }: SavedModel,
  sources: ReadonlyMap<string, string>,
): string | undefined {
  // What a Sequential model begins with reads nothing that has a name: the pixels.
  const follow = (key: string, steps = 0): string => {
    const next = aliases.get(key);
    return next && next.length < 2 && steps < 1000 ? follow(next[0] ?? '', steps + 1) : key;
  };
  const reads = saved.inputs.map((key) => sources.get(follow(key)) ?? follow(key));
  if (reads.length === 0 || reads.join() === layer.inputs.join()) return undefined;
  return `reads ${reads.join(' and ')}, not ${layer.inputs.join(' and ')}`;
}

function oneEpsilon(norms: readonly SavedLayer[], refuse: Refuse): number {
  const [first] = norms;
  for (const { name, settings } of norms) {
    const { epsilon } = settings;
    if (typeof epsilon !== 'number' || !(epsilon >= 0 && epsilon < 1)) {
      throw refuse(`layer ${name} (BatchNormalization) has the epsilon ${JSON.stringify(epsilon)}`);
    }
    if (epsilon !== first.settings.epsilon) {
      throw refuse(
        `layer ${name} (BatchNormalization) has the epsilon ${epsilon}, layer ${first.name} ` +
          `${first.settings.epsilon}; one for all is known`,
      );
    }
  }
  return first.settings.epsilon as number;
}

function oneOf(values: readonly unknown[]): number | null {
  const [first] = values;
  const isOne = typeof first === 'number' && first >= 0 && first <= 1 && values.every((v) => v === first);
  return isOne ? first : null;
}

/** Side of a square input that is fixed. */
function sizeOf(inputs: readonly SavedLayer[], axis: Axis): number | null {
  const { batch_input_shape, batch_shape, input_shape } = inputs[0]?.settings ?? {};
  const shape = batch_input_shape ?? batch_shape ?? input_shape;
  if (!Array.isArray(shape) || shape.length !== 4) return null;
  const [height, width] = axis.first ? shape.slice(2) : shape.slice(1, 3);
  return Number.isInteger(height) && height > 0 && height === width ? (height as number) : null;
}
