import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataError, UsageError, WeightsError } from '../../../src/core/errors.js';
import { densenetConfig, layerTable, parameterTable } from '../../../src/densenet/architecture.js';
import { writeKerasHdf5 } from '../../../src/densenet/weights/keras/kerasLazy.js';
import { modelConfig } from '../../../src/densenet/weights/keras/kerasModelConfig.js';
import {
  readWeightFile,
  resolveWeights,
  writeWeightFile,
} from '../../../src/densenet/weights/weights.node.js';
import type { WeightMap } from '../../../src/training/parameterSpec.js';
import { differences, randomAdam, randomWeights, TINY } from './keras/h5Fixtures.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'chexgpu-weights-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('weight files on disk', () => {
  it('come back as they were written, by path and by name', async () => {
    const weights = randomWeights(TINY, 3);
    const path = join(folder, 'new', 'folder', 'mine.h5');
    await writeWeightFile(path, weights, TINY);
    expect(readdirSync(join(folder, 'new', 'folder'))).toEqual(['mine.h5']);
    for (const name of [path, 'mine', 'mine.h5']) {
      const file = await readWeightFile(name, TINY, { folder: join(folder, 'new', 'folder') });
      expect(differences(file.tensors, weights)).toEqual([]);
      expect(file.path).toBe(path);
      expect(file.sha256).toBe(createHash('sha256').update(readFileSync(path)).digest('hex'));
      expect(file.summary).toContain('mine.h5: save_weights of Keras 2.3.1, 14 layers');
    }
  });

  it('are safetensors where the name ends so, with what comes along', async () => {
    const weights = randomWeights(TINY, 4);
    const path = join(folder, 'torch', 'mine.safetensors');
    await writeWeightFile(path, weights, TINY, { labels: ['a', 'b', 'c'] });
    for (const name of ['mine', 'mine.safetensors']) {
      const file = await readWeightFile(name, TINY, { folder: join(folder, 'torch') });
      expect(differences(file.tensors, weights)).toEqual([]);
      expect(file).toMatchObject({ path, config: TINY, labels: ['a', 'b', 'c'], preprocessing: null });
      expect(file.summary).toMatch(
        /^mine\.safetensors: safetensors by chexgpu, \d+ tensors, 3 input channels, 3/,
      );
    }
    const renamed = join(folder, 'torch', 'renamed.h5');
    writeFileSync(renamed, readFileSync(path));
    expect((await readWeightFile(renamed, TINY)).report.layout).toBe('chexgpu');
    await expect(writeWeightFile(path, weights, TINY, { format: 'keras2' })).rejects.toThrow(
      /mine\.safetensors cannot be of format 'keras2'.* Call it x\.h5/,
    );
  });

  it('are of the format that Keras looks for under their name', async () => {
    const weights = randomWeights(TINY, 4);
    const optimizer = randomAdam(TINY);
    await writeWeightFile(join(folder, 'a.weights.h5'), weights, TINY, { optimizer });
    await writeWeightFile(join(folder, 'a.h5'), weights, TINY, { format: 'keras2-model', optimizer });
    for (const [name, layout] of [
      ['a.weights.h5', 'keras3'],
      ['a.h5', 'model.save'],
    ]) {
      const file = await readWeightFile(join(folder, name), TINY, { optimizer: true });
      expect(file.report).toMatchObject({ layout, optimizer: true });
      expect(file.optimizer?.iterations).toBe(optimizer.iterations);
    }
    for (const [name, options, message] of [
      ['b.weights.h5', { format: 'keras2' }, /b\.weights\.h5 cannot be of format 'keras2'.* Call it x\.h5/],
      ['b.h5', { format: 'keras3' }, /b\.h5 cannot be of format 'keras3'.* Call it x\.weights\.h5/],
      ['b.h5', { optimizer }, /no place for an optimizer's state/],
      ['b.safetensors', { optimizer }, /'safetensors' has no place for an optimizer's state/],
    ] as const) {
      const writing = writeWeightFile(join(folder, name), weights, TINY, options);
      await expect(writing).rejects.toThrow(message);
      await expect(writing).rejects.toThrow(UsageError);
      expect(existsSync(join(folder, name))).toBe(false);
    }
    await writeWeightFile(join(folder, 'plain.h5'), weights, TINY);
    const reading = readWeightFile(join(folder, 'plain.h5'), TINY, { optimizer: true });
    await expect(reading).rejects.toThrow(/plain\.h5 holds no optimizer's state/);
  });

  it('say so when they are not the public file of their name', async () => {
    const path = join(folder, 'pretrained_model.h5');
    await writeWeightFile(path, randomWeights(TINY), TINY);
    const { summary } = await readWeightFile('pretrained_model', TINY, { folder });
    expect(summary).toMatch(/not the public file of that name .* not 065c434e7fdd\.\.\./);
  });

  it('are not touched when the new weights are wrong', async () => {
    const path = join(folder, 'kept.h5');
    const weights = randomWeights(TINY);
    await writeWeightFile(path, weights, TINY);
    const before = readFileSync(path);
    weights.get('bn/beta')?.fill(Number.NaN);
    await expect(writeWeightFile(path, weights, TINY)).rejects.toThrow(WeightsError);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it('leave nothing behind when the disk refuses', async () => {
    writeFileSync(join(folder, 'file'), 'not a folder');
    const below = join(folder, 'file', 'x.h5');
    const error = await writeWeightFile(below, randomWeights(TINY), TINY).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(DataError);
    expect(String(error)).toMatch(/x\.h5 could not be written: a part of its path is a file/);
    mkdirSync(join(folder, 'folder.h5'));
    const before = readdirSync(folder);
    const inside = join(folder, 'folder.h5');
    await expect(writeWeightFile(inside, randomWeights(TINY), TINY)).rejects.toThrow(
      /is a folder, not a file/,
    );
    expect(readdirSync(folder)).toEqual(before);
  });

  it('that are missing send the user to weights/README.md', async () => {
    const error = await resolveWeights('nowhere').catch((e: unknown) => e);
    expect(error).toBeInstanceOf(WeightsError);
    expect(String(error)).toMatch(/no weight file 'nowhere' .*weights[\\/]README\.md/);
    const readme = /(\S+README\.md)/.exec(String(error))?.[1] ?? '';
    expect(readFileSync(readme, 'utf8')).toContain('pretrained_model.h5');
    await expect(resolveWeights(join(folder, 'none.h5'))).rejects.toThrow(
      /There is no weight file '.*none\.h5'\./,
    );
  });

  it('that are no regular files, or out of reach, are called what they are', async () => {
    execFileSync('mkfifo', [join(folder, 'pipe.h5')]);
    symlinkSync('loop.h5', join(folder, 'loop.h5'));
    const cases: [string, RegExp][] = [
      [join(folder, 'pipe.h5'), /pipe\.h5 is no regular file/],
      ['/dev/zero', /\/dev\/zero is no regular file/],
      [folder, /is a folder, not a file/],
      [join(folder, 'loop.h5'), /loop\.h5 is a link that leads back to itself/],
    ];
    for (const [path, message] of cases) {
      await expect(readWeightFile(path, TINY)).rejects.toThrow(message);
      await expect(readWeightFile(path, TINY)).rejects.toThrow(WeightsError);
    }
  });

  it('of a kind are told by what is in them, whatever they are called', async () => {
    const weights = randomWeights(TINY, 6);
    const [keras, torch] = [join(folder, 'k.h5'), join(folder, 't.safetensors')];
    await writeWeightFile(keras, weights, TINY);
    await writeWeightFile(torch, weights, TINY);
    copyFileSync(keras, join(folder, 'swapped.safetensors'));
    copyFileSync(torch, join(folder, 'swapped.h5'));
    for (const name of ['swapped.safetensors', 'swapped.h5']) {
      expect(differences((await readWeightFile(join(folder, name), TINY)).tensors, weights)).toEqual([]);
    }
  });

  it('of an unpacked .keras archive come with its config.json', async () => {
    const soft = { ...TINY, activation: 'softmax' as const, bnEpsilon: 1e-3 };
    const flat = (layer: string) => layer.replaceAll('/', '_');
    const said = modelConfig(soft, layerTable(soft), parameterTable(soft), flat);
    const home = join(folder, 'unpacked');
    await writeWeightFile(join(home, 'model.weights.h5'), randomWeights(TINY), TINY);
    writeFileSync(join(home, 'config.json'), JSON.stringify(said));
    const read = async (name: string) => (await readWeightFile(join(home, name), TINY)).config;
    expect(await read('model.weights.h5')).toEqual(TINY);
    writeFileSync(join(home, 'metadata.json'), '{"keras_version": "3.15.1"}');
    expect(await read('model.weights.h5')).toEqual(soft);
    copyFileSync(join(home, 'model.weights.h5'), join(home, 'other.weights.h5'));
    expect(await read('other.weights.h5')).toEqual(TINY);
    writeFileSync(join(home, 'config.json'), '{"class_name": "Fun');
    await expect(read('model.weights.h5')).rejects.toThrow(/does not say in readable words/);
  });

  it('of a model that rescales its pixels say how', async () => {
    const bytes = await writeKerasHdf5(randomWeights(TINY), TINY);
    const flat = (layer: string) => layer.replaceAll('/', '_');
    const said = modelConfig(TINY, layerTable(TINY), parameterTable(TINY), flat) as {
      config: { layers: { config: object }[] };
    };
    const rescaling = { class_name: 'Rescaling', config: { name: 'r', scale: 1 / 127.5, offset: -1 } };
    said.config.layers.splice(1, 0, rescaling);
    const path = join(folder, 'rescaled.h5');
    writeFileSync(path, bytes);
    const read = () => readWeightFile(path, TINY, { modelConfig: JSON.stringify(said) });
    await expect(read()).rejects.toThrow(/rescales its pixels itself .* does not say which size/);
    Object.assign(said.config.layers[0].config, { batch_input_shape: [null, 96, 96, 3] });
    expect((await read()).preprocessing).toEqual({
      size: 96,
      interpolation: 'nearest',
      normalisation: {
        kind: 'featurewise',
        mean: [127.5, 127.5, 127.5],
        std: [127.5, 127.5, 127.5],
        epsilon: 0,
      },
    });
  });

  it('that are Git-LFS pointers are told apart', async () => {
    const path = join(folder, 'densenet.hdf5');
    writeFileSync(path, 'version https://git-lfs.github.com/spec/v1\noid sha256:7a08\nsize 29291464\n');
    await expect(readWeightFile('densenet', TINY, { folder })).rejects.toThrow(/Git-LFS pointer/);
  });
});

/** Files of the real DenseNet121, made by `test/golden/keras/make_keras_h5.py make DIR`; 340 MB, so not in the tree. */
const kerasFiles = process.env.CHEXGPU_KERAS_FILES;

describe.runIf(kerasFiles)('DenseNet121 as real Keras saved it', () => {
  const config = densenetConfig('densenet121');
  const facts: Record<string, { sha256: string; tensors: number; head?: boolean; refused?: boolean }> =
    kerasFiles ? JSON.parse(readFileSync(join(kerasFiles, 'facts.json'), 'utf8')) : {};
  const checksum = (weights: WeightMap) => {
    const hash = createHash('sha256');
    for (const { key } of parameterTable(config))
      hash.update(new Uint8Array(weights.get(key)?.slice().buffer ?? []));
    return hash.digest('hex');
  };
  it.each(Object.entries(facts))('%s', async (name, fact) => {
    const reading = readWeightFile(join(kerasFiles ?? '', name), config);
    if (fact.refused)
      return expect(reading).rejects.toThrow(/\[1024, 1000\], densenet121 wants \[1024, 14\]/);
    const { tensors, report } = await reading;
    expect(checksum(tensors)).toBe(fact.sha256);
    expect(report).toMatchObject({ tensorCount: fact.tensors, head: fact.head });
  });
});

if (!kerasFiles)
  console.log('weights: CHEXGPU_KERAS_FILES is not set, full-size files of real Keras are left out.');
