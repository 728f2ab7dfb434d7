/**
 * NumPy's .npz as one of the formats: arrays under Keras' names of the weights, 'conv1/conv/kernel' or Keras 3's
 * 'conv1_conv/kernel', in Keras' shapes.
 *
 *   np.savez('x.npz', **{w.path: w.numpy() for w in model.weights})     from Keras 3; w.name in Keras 2
 *   np.load('x.npz')['conv1/conv/kernel']                               of a file that was written here
 */
import { UsageError, WeightsError } from '../../../core/errors.js';
import { plural } from '../../../core/formatting.js';
import { parameterTable } from '../../architecture.js';
import type { ReadWeights, WeightsFormat } from '../format.js';
import { leftOutByKeras } from '../keras/kerasFormat.js';
import { checkNumbers, checkWeights } from '../matchTensors.js';
import { saidBy } from '../statedFacts.js';

/** Whether the first file of a zip archive is an array. */
function looksLikeNpz(bytes: Uint8Array): boolean {
  const text = new TextDecoder('latin1').decode(bytes.subarray(0, 30));
  if (bytes.length < 30 || !text.startsWith('PK\x03\x04')) return false;
  const length = bytes[26] + 256 * bytes[27];
  return new TextDecoder().decode(bytes.subarray(30, 30 + length)).endsWith('.npy');
}

export const NUMPY_NPZ: WeightsFormat = {
  name: 'NumPy .npz',
  writes: { npz: ['.npz'] },
  readsSlowly: false,
  sniff: looksLikeNpz,
  async read(bytes, asked, name, options): Promise<ReadWeights> {
    const { activation, bnEpsilon } = options;
    if (options.optimizer)
      throw new WeightsError(`${name} is a .npz file, which holds no optimizer's state.`);
    // A page that reads no such file does not load what reads them.
    const [{ readNpz }, { matchLayers }, { layersOfPaths }] = await Promise.all([
      import('./npz.js'),
      import('../keras/kerasMatch.js'),
      import('../keras/storedLayers.js'),
    ]);
    const arrays = await readNpz(bytes, name, options);
    const names = [...arrays.keys()];
    if (!names.some((key) => key.includes('/'))) {
      throw new WeightsError(
        `${name} names its arrays ${names.slice(0, 3).join(', ') || 'nothing'}: that tells no layers.`,
        "Save it by names: np.savez('x.npz', **{w.path: w.numpy() for w in model.weights}).",
      );
    }
    const layers = layersOfPaths(names, (path) => {
      const { shape, values } = arrays.get(path)!;
      return { path, shape, read: () => values };
    });
    const stored = { layout: 'npz', kerasVersion: '', layers };
    const { pairs, config, head, leftOver } = matchLayers(stored, asked, name, options);
    const tensors = new Map(
      pairs.map(({ spec, tensor }) => {
        const what = `${name}: layer ${spec.layer}, ${spec.tensor}`;
        const values = tensor.read(what);
        checkNumbers(spec, values, what);
        return [spec.key, values] as const;
      }),
    );
    const { inputChannels, classes } = config;
    const ends = `${plural(inputChannels, 'input channel')}, ${head ? `${classes} outputs` : 'base only'}`;
    return {
      namesOutputs: false,
      tensors,
      config: {
        ...config,
        activation: activation ?? config.activation,
        bnEpsilon: bnEpsilon ?? config.bnEpsilon,
      },
      labels: null,
      preprocessing: null,
      thresholds: null,
      notice: null,
      inputSize: null,
      report: {
        layout: 'npz',
        tensorCount: tensors.size,
        head,
        leftOver,
        activationBy: saidBy(activation, undefined),
        bnEpsilonBy: saidBy(bnEpsilon, undefined),
        activationInFile: null,
      },
      words: {
        contents: `arrays of NumPy, ${tensors.size} tensors, ${ends}`,
        pixels: null,
        notes: [],
        training: [],
      },
    };
  },
  async write(_, tensors, config, { head = true, optimizer, half }) {
    if (!head || optimizer || half) {
      const what = half ? 'half precision' : head ? "an optimizer's state" : 'a base without its head';
      throw new UsageError(`A file of format 'npz' has no place for ${what}.`, 'Write a Keras file.');
    }
    checkWeights(tensors, config);
    const arrays = parameterTable(config).map(
      ({ key, shape }) => [key, { shape, values: tensors.get(key)! }] as const,
    );
    const { makeNpz } = await import('./npz.js');
    return makeNpz(new Map(arrays));
  },
  leavesOut: (_, config, meaning) => leftOutByKeras('keras2', config, meaning),
};
