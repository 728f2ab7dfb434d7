/**
 * NumPy's .npz as one of the formats: arrays under Keras' names of the weights, 'conv1/conv/kernel' or Keras 3's
 * 'conv1_conv/kernel', in Keras' shapes.
 *
 *   np.savez('x.npz', **{w.path: w.numpy() for w in model.weights})     from Keras 3; w.name in Keras 2
 *   np.load('x.npz')['conv1/conv/kernel']                               of a file that was written here
 */
import { UsageError, WeightsError } from '../../../core/errors.js';
import { parameterTable } from '../../architecture.js';
import type { ReadWeights, WeightsFormat } from '../format.js';
import { KERAS_HDF5 } from '../keras/kerasFormat.js';
import { checkFinite, checkWeights } from '../matchTensors.js';
import { saidBy } from '../statedFacts.js';
import { looksLikeNpz, makeNpz, readNpz } from './npz.js';

export const NUMPY_NPZ: WeightsFormat = {
  name: 'NumPy .npz',
  writes: { npz: ['.npz'] },
  readsSlowly: false,
  sniff: looksLikeNpz,
  async read(bytes, asked, name, { optimizer, head: headName, activation, bnEpsilon }): Promise<ReadWeights> {
    if (optimizer) throw new WeightsError(`${name} is a .npz file, which holds no optimiser's state.`);
    const [{ matchLayers }, { layersOfPaths }, arrays] = await Promise.all([
      import('../keras/kerasMatch.js'),
      import('../keras/storedLayers.js'),
      readNpz(bytes, name),
    ]);
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
    const { pairs, config, head, leftOver } = matchLayers(stored, asked, name, headName);
    const tensors = new Map(
      pairs.map(({ spec, tensor }) => {
        const what = `${name}: layer ${spec.layer}, ${spec.tensor}`;
        const values = tensor.read(what);
        checkFinite(values, what);
        return [spec.key, values] as const;
      }),
    );
    const { inputChannels, classes } = config;
    const ends = `${inputChannels} input channel${inputChannels === 1 ? '' : 's'}, ${head ? `${classes} outputs` : 'base only'}`;
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
  async write(_, tensors, config, { head = true, optimizer }) {
    if (!head || optimizer) {
      const what = head ? "an optimiser's state" : 'a base without its head';
      throw new UsageError(`A file of format 'npz' has no place for ${what}.`, 'Write a Keras file.');
    }
    checkWeights(tensors, config);
    const arrays = parameterTable(config).map(
      ({ key, shape }) => [key, { shape, values: tensors.get(key)! }] as const,
    );
    return makeNpz(new Map(arrays));
  },
  leavesOut: (_, config, meaning) => KERAS_HDF5.leavesOut('keras2', config, meaning),
};
