/** Datasets of every kind that h5py writes, and files that lead nowhere. */
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { WeightsError } from '../../../../src/core/errors.js';
import { parameterTable } from '../../../../src/densenet/architecture.js';
import {
  childDataset,
  ensureGroup,
  makeHdf5,
  readHdf5,
  writeArray,
  writeString,
  writeStrings,
} from '../../../../src/densenet/weights/hdf5/hdf5.js';
import { floatsOfDataset } from '../../../../src/densenet/weights/hdf5/hdf5Numbers.js';
import { readKerasHdf5 } from '../../../../src/densenet/weights/keras/kerasLazy.js';
import { golden } from '../../../support/golden/parity.js';
import { differences, randomWeights, TINY } from '../keras/h5Fixtures.js';

const { files } = golden<{ files: Record<string, string> }>('keras/hdf5_kinds.json');
const bytesOf = (name: string) => new Uint8Array(gunzipSync(Buffer.from(files[name], 'base64')));
const numbers = (dataset: string, file = 'kinds') =>
  readHdf5(bytesOf(file), 'x.h5', (root) =>
    floatsOfDataset(childDataset(root, dataset)!, `x.h5: ${dataset}`),
  );
const VALUES = Float32Array.of(1, -2.5, 0.125, 1024);
const REPEATED = Float32Array.from({ length: 1024 }, (_, i) => i >> 7);

describe('a dataset is read', () => {
  it.each(['<f2', '>f2', '<f4', '>f4', '<f8', '>f8', 'bfloat16'])('of %s', async (name) => {
    expect(await numbers(name)).toEqual(VALUES);
    expect(await numbers(name)).toEqual(VALUES);
  });

  it.each(['gzip True True', '3'])('compressed with %s', async (name) => {
    expect(await numbers(name)).toEqual(REPEATED);
  });

  it('of a compression that is not there, where nothing was compressed', async () => {
    expect(await numbers('lzf in vain')).toHaveLength(8);
  });

  it.each(['user block', 'user block, latest'])('behind a %s', async (file) => {
    expect(await numbers('x', file)).toEqual(VALUES);
    const bytes = bytesOf(file);
    const cut = readHdf5(bytes.subarray(0, bytes.length - 1), 'x.h5', () => 0);
    await expect(cut).rejects.toThrow(/x\.h5 is cut short/);
  });
});

describe('a dataset is named for what it is', () => {
  it.each([
    ['<i4', /x\.h5: <i4 holds whole numbers of 32 bits; floats of 16, 32 and 64 bits are read/],
    ['<u2', /holds whole numbers of 16 bits/],
    ['<c8', /holds compound values/],
    ['f16', /holds floats of 128 bits/],
    ['opaque', /holds bytes without a type/],
    ['text', /holds texts/],
    ['empty', /is empty/],
    ['lzf', /x\.h5: lzf is compressed with lzf, which is not read here\. Save it uncompressed, or with gzip/],
    ['lzf True', /compressed with lzf/],
    ['vast', /chunks of 1,073,741,824 bytes/],
    ['virtual', /is virtual: its numbers lie in other files \(other\.h5\)/],
    ['external', /x\.h5: external has its numbers in other files, which are not opened/],
  ])('%s', async (name, message) => {
    await expect(numbers(name)).rejects.toThrow(message);
    await expect(numbers(name)).rejects.toThrow(WeightsError);
  });
});

describe('a file that leads nowhere comes to an end', { timeout: 10_000 }, () => {
  const refusal = async (bytes: Uint8Array): Promise<string> => {
    const error = await readKerasHdf5(bytes, TINY, 'x.h5').catch((e: unknown) => e);
    expect(error).toBeInstanceOf(WeightsError);
    return (error as Error).message;
  };

  it.each(['layers', '_layer_checkpoint_dependencies'])(
    'groups that are their own ancestors, in %s',
    async (name) => {
      for (const link of ['create_hard_link', 'create_soft_link'] as const) {
        const bytes = await makeHdf5((root) => {
          const layers = ensureGroup(root, `${name}/a`);
          layers[link](`/${name}`, name);
        });
        expect(await refusal(bytes)).toMatch(/x\.h5 is no tree: its group .* stands in several places/);
      }
    },
  );

  it('a group that links to the root, and one that links to itself', async () => {
    const toRoot = await makeHdf5((root) => ensureGroup(root, 'layers').create_hard_link('/', 'a'));
    expect(await refusal(toRoot)).toMatch(/stands in several places/);
    const toSelf = await makeHdf5((root) => ensureGroup(root, 'layers').create_soft_link('/layers/a', 'a'));
    expect(await refusal(toSelf)).toMatch(/x\.h5/);
  });

  it('a group that stands in many places, thousands of times in all', async () => {
    const bytes = await makeHdf5((root) => {
      let below = ensureGroup(root, 'level0');
      for (let level = 1; level < 14; level++) {
        const above = ensureGroup(root, `level${level}`);
        for (const name of ['a', 'b', 'c']) {
          ensureGroup(above, name).create_hard_link(below.path, 'layers');
        }
        below = above;
      }
      root.create_hard_link(below.path, 'layers');
    });
    expect(await refusal(bytes)).toMatch(/stands in several places/);
  });

  it('models nested without end', async () => {
    const bytes = await makeHdf5((root) => ensureGroup(root, Array(20).fill('layers/a').join('/')));
    expect(await refusal(bytes)).toMatch(/models nested more than 16 deep/);
  });

  it('100,000 names, of tensors in a layer or of layers', async () => {
    const many = Array.from({ length: 100_000 }, (_, i) => `t${i}`);
    const tensors = await makeHdf5((root) => {
      writeStrings(root, 'layer_names', ['conv1']);
      writeStrings(ensureGroup(root, 'conv1'), 'weight_names', many);
    });
    expect(await refusal(tensors)).toMatch(/lists 100000 tensors up to layer 'conv1'/);
    const layers = await makeHdf5((root) => writeStrings(root, 'layer_names', many));
    expect(await refusal(layers)).toMatch(/lists 100000 layers; no network here has more than 10,000/);
  });

  it('a dataset of 2 ** 40 numbers that are not there', async () => {
    const bytes = await makeHdf5((root) => {
      writeStrings(root, 'layer_names', ['a']);
      const group = ensureGroup(root, 'a');
      writeStrings(group, 'weight_names', ['kernel:0']);
      group.create_dataset({
        name: 'kernel:0',
        data: new Float32Array(1),
        shape: [1],
        maxshape: [null],
        chunks: [1 << 20],
        dtype: '<f',
      });
      childDataset(group, 'kernel:0')?.resize([2 ** 40]);
    });
    expect(await refusal(bytes)).toMatch(/1 layer with weights/);
  });
});

describe('whatever else lies in the file', () => {
  it('does not matter: links to nowhere, to other files, to itself', async () => {
    const weights = randomWeights(TINY);
    const table = parameterTable(TINY);
    const layers = [...new Set(table.map(({ layer }) => layer))];
    const fileOf = (names: string[]) =>
      makeHdf5((root) => {
        root.create_soft_link('/nowhere', 'soft');
        root.create_external_link('other.h5', '/x', 'external');
        root.create_hard_link('/', 'self');
        writeString(root, 'backend', 'tensorflow');
        writeArray(root, 'more', new Float32Array(3), [3]);
        writeStrings(root, 'layer_names', names);
        for (const layer of layers) {
          const group = ensureGroup(root, layer);
          const specs = table.filter((spec) => spec.layer === layer);
          const paths = specs.map(({ key }) => `${key}:0`);
          writeStrings(group, 'weight_names', paths);
          for (const { key, shape } of specs) writeArray(group, `${key}:0`, weights.get(key)!, shape);
        }
      });
    const { tensors } = await readKerasHdf5(await fileOf(layers), TINY);
    expect(differences(tensors, weights)).toEqual([]);
    const toNowhere = readKerasHdf5(await fileOf(['soft']), TINY, 'x.h5');
    await expect(toNowhere).rejects.toThrow(/names a layer 'soft' but has no group/);
  });
});
