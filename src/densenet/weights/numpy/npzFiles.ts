/** What is done with NumPy's .npz as one of the formats. */
import { UsageError, WeightsError } from '../../../core/errors.js';
import { plural } from '../../../core/formatting.js';
import { parameterTable } from '../../architecture.js';
import type { FormatFiles, ReadWeights } from '../format.js';
import { leftOutByKeras } from '../keras/kerasFiles.js';
import { matchLayers } from '../keras/kerasMatch.js';
import { checkNumbers, checkWeights } from '../matchTensors.js';
import { saidBy } from '../statedFacts.js';
import { layersOfPaths } from '../storedLayers.js';
import { makeNpz, readNpz } from './npz.js';

export const NPZ_FILES: FormatFiles = {
  async read(bytes, asked, name, options): Promise<ReadWeights> {
    const { activation, bnEpsilon } = options;
    if (options.optimizer)
      throw new WeightsError(`${name} is a .npz file, which holds no optimizer's state.`);
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
    return makeNpz(new Map(arrays));
  },
  leavesOut: (_, config, meaning) => leftOutByKeras('keras2', config, meaning),
};
