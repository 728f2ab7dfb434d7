/** Classifiers of any name and number of classes behind the base of a Keras file. */
import { describe, expect, it } from 'vitest';
import { WeightsError } from '../../../../src/core/errors.js';
import { layerTable, parameterTable } from '../../../../src/densenet/architecture.js';
import { makeHdf5, writeString, writeStrings } from '../../../../src/densenet/weights/hdf5/hdf5.js';
import { readKerasHdf5, writeKerasHdf5 } from '../../../../src/densenet/weights/keras/kerasLazy.js';
import { matchLayers } from '../../../../src/densenet/weights/keras/kerasMatch.js';
import { modelConfig } from '../../../../src/densenet/weights/keras/kerasModelConfig.js';
import type { WeightMap } from '../../../../src/training/parameterSpec.js';
import { randomWeights, TINY } from './h5Fixtures.js';

const flat = (layer: string) => layer.replaceAll('/', '_');
const weights = randomWeights(TINY);

describe('heads', () => {
  const features = weights.get('dense_1/kernel')!.length / 3;
  /** The base with these dense layers behind it: [name, inputs, outputs]. */
  async function withHeads(...heads: [string, number, number][]): Promise<Uint8Array> {
    const specs = parameterTable(TINY).filter(({ layer }) => layer !== 'dense_1');
    const layers = [...new Set(specs.map(({ layer }) => layer))];
    const all: WeightMap = new Map(weights);
    return makeHdf5((root) => {
      writeString(root, 'keras_version', '2.3.1');
      writeStrings(root, 'layer_names', [...layers.map(flat), ...heads.map(([name]) => name)]);
      const put = (layer: string, name: string, data: Float32Array, shape: number[]) => {
        const group = root.get(layer) ?? root.create_group(layer);
        (group as typeof root).create_dataset({ name, data, shape, dtype: '<f' });
      };
      for (const layer of layers) {
        const own = specs.filter((spec) => spec.layer === layer);
        for (const { tensor, key, shape } of own) put(flat(layer), tensor, all.get(key)!, shape);
        writeStrings(
          root.get(flat(layer)) as typeof root,
          'weight_names',
          own.map(({ tensor }) => tensor),
        );
      }
      for (const [name, inputs, outputs] of heads) {
        put(name, 'kernel', new Float32Array(inputs * outputs).fill(outputs), [inputs, outputs]);
        put(name, 'bias', new Float32Array(outputs), [outputs]);
        writeStrings(root.get(name) as typeof root, 'weight_names', ['kernel', 'bias']);
      }
    });
  }

  it.each(['dense', 'dense_7', 'predictions', 'out'])('called %s, of any number of classes', async (name) => {
    const { config, report, tensors } = await readKerasHdf5(await withHeads([name, features, 2]), TINY);
    expect(config).toEqual({ ...TINY, classes: 2 });
    expect(report).toMatchObject({ head: true, leftOver: [] });
    expect(tensors.get('dense_1/bias')).toHaveLength(2);
  });

  it('of several layers are named, and can be left out', async () => {
    const bytes = await withHeads(['hidden', features, 32], ['out', 32, 2]);
    await expect(readKerasHdf5(bytes, TINY, 'x.h5')).rejects.toThrow(
      new RegExp(
        `x\\.h5 holds the base of tiny and behind it hidden \\[${features}, 32\\], out \\[32, 2\\].*.head.`,
      ),
    );
    const { report, tensors } = await readKerasHdf5(bytes, TINY, 'x.h5', { head: 'none' });
    expect(report).toMatchObject({ head: false, leftOver: ['hidden', 'out'] });
    expect(tensors.has('dense_1/kernel')).toBe(false);
    const wrong = readKerasHdf5(bytes, TINY, 'x.h5', { head: 'out' });
    await expect(wrong).rejects.toThrow(
      /layer dense_1 \(called 'out' there\), kernel: the file has shape \[32, 2\]/,
    );
    const unknown = readKerasHdf5(bytes, TINY, 'x.h5', { head: 'dense' });
    await expect(unknown).rejects.toThrow(/has no layer 'dense' behind the base of tiny, but hidden/);
  });

  it('of which one is named', async () => {
    const bytes = await withHeads(['view', features, 2], ['findings', features, 5]);
    const { config, report, tensors } = await readKerasHdf5(bytes, TINY, 'x.h5', { head: 'findings' });
    expect(config.classes).toBe(5);
    expect(report.leftOver).toEqual(['view']);
    expect(tensors.get('dense_1/kernel')?.every((v) => v === 5)).toBe(true);
  });

  it('with a name as long as a file may hold is refused', { timeout: 20_000 }, () => {
    // A search that went back over the name would take minutes, and the test's time is up before.
    const layers = [{ name: 'densenet'.repeat(40_000), className: '', tensors: [] }];
    const stored = {
      layout: 'keras3',
      kerasVersion: '3',
      backend: '',
      layerCount: 1,
      nested: false,
      layers,
    } as const;
    expect(() => matchLayers({ ...stored, layers }, TINY, 'x.h5')).toThrow(WeightsError);
  });

  it('has as many input channels as its first kernel', async () => {
    const gray = { ...TINY, inputChannels: 1 };
    const { config } = await readKerasHdf5(await writeKerasHdf5(randomWeights(gray), gray), TINY);
    expect(config).toEqual(gray);
  });

  it('that is named is held against what the file says it reads', async () => {
    const bytes = await withHeads(['extra', features, features], ['out', features, 2]);
    const said = modelConfig(TINY, layerTable(TINY), parameterTable(TINY), flat) as {
      config: { layers: { class_name: string; config: object; inbound_nodes: unknown }[] };
    };
    const dense = (name: string, input: string) => ({
      class_name: 'Dense',
      config: { name, activation: 'softmax' },
      inbound_nodes: [[[input, 0, 0, {}]]],
    });
    const pool = 'global_average_pooling2d_1';
    const read = (input: string) => {
      said.config.layers.splice(-1, said.config.layers.length, dense('extra', pool), dense('out', input));
      const options = { head: 'out', modelConfig: JSON.stringify(said) };
      said.config.layers.pop();
      return readKerasHdf5(bytes, TINY, 'x.h5', options);
    };
    expect((await read(pool)).config).toMatchObject({ classes: 2, activation: 'softmax' });
    await expect(read('extra')).rejects.toThrow(
      /layer out \(Dense\) reads extra, not global_average_pooling2d_1/,
    );
  });
});
