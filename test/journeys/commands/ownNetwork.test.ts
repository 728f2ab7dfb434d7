/** Other networks than DenseNet121 on the command line: one's own from a file, a deeper one told by its weights. */
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  countParameters,
  type DenseNetConfig,
  densenetConfig,
  parameterTable,
} from '../../../src/densenet/architecture.js';
import { writeWeightFile } from '../../../src/densenet/weights/weights.node.js';
import { SILENT } from '../../../src/workflow/reporter.js';
import { checkpointBytes, startingNetwork } from '../../../src/workflow/weights/startingNetwork.node.js';
import { randomRows, writeImages } from '../../support/files/imageFolder.js';
import { chexgpu, ensureBuilt, lastLine, scratchFolder } from '../../support/programs/cli.js';

const scratch = scratchFolder();
const data = scratch.path('data');
const file = scratch.path('tiny.json');
const run = scratch.path('tiny');
const TINY = {
  name: 'tiny',
  blocks: [2, 1],
  growthRate: 8,
  stemChannels: 12,
  bottleneck: 2,
  compression: 0.4,
};
const small = '--size 32 --batch-size 4 --steps-per-epoch 1 --workers 0 --no-tune --labels Odd,Even'.split(
  ' ',
);
const train = (...args: string[]) => chexgpu(['train', '--data', data, ...small, ...args]);
const inference = ['--size', '32', '--workers', '0', '--no-tune'];

async function done(...[args]: Parameters<typeof chexgpu>): Promise<string> {
  const ended = await chexgpu(args);
  expect([ended.code, ended.code === 0 ? '' : ended.stderr]).toEqual([0, '']);
  return ended.stdout + ended.stderr;
}

let image = '';

beforeAll(async () => {
  await ensureBuilt();
  for (const [split, patient] of Object.entries({ train: 1, valid: 101, test: 201 })) {
    const rows = randomRows(8, patient, patient);
    await writeImages(data, rows, 32);
    image = join(data, 'images', rows[0].image);
    const lines = rows.map(({ image: name, patient: id }, i) => `${name},${id},${i % 2},${1 - (i % 2)}`);
    await writeFile(join(data, `${split}.csv`), ['Image,PatientId,Odd,Even', ...lines].join('\n'));
  }
  await writeFile(file, JSON.stringify(TINY));
});
afterAll(() => scratch.remove());

it('one from a file is trained, and what it is stays with its weights', async () => {
  const said = await done([
    'train',
    '--data',
    data,
    ...small,
    '--config',
    file,
    '--epochs',
    '1',
    '--out',
    run,
  ]);
  expect(said).toContain('Network: tiny (blocks of 2, 1 layers, growth rate 8), weights drawn');
  const history = JSON.parse(await readFile(join(run, 'history.json'), 'utf8'));
  const { name, ...layout } = TINY;
  expect(history).toMatchObject({ network: name, config: layout });
});

it('predicts, and is explained, by its history or by its layers alone', async () => {
  const table = scratch.path('p.csv');
  const weights = join(run, 'weights.h5');
  const lone = scratch.path('lone.h5');
  await copyFile(weights, lone);
  const named = await done(['predict', '--weights', weights, '--out', table, ...inference, image]);
  expect(named).toContain('Network: tiny (blocks of 2, 1 layers, growth rate 8)');
  const byName = await readFile(table, 'utf8');
  const history = ['--history', join(run, 'history.json')];
  await done(['predict', '--weights', lone, ...history, '--out', table, '--overwrite', ...inference, image]);
  expect(await readFile(table, 'utf8')).toBe(byName);
  const maps = ['gradcam', '--weights', lone, '--out', scratch.path('maps'), ...inference, image];
  expect(await done(maps)).toMatch(/lone\.h5 is of densenet-2-1-k8, by its layers: blocks of 2, 1 layers/);
  const other = scratch.path('lone.safetensors');
  const converted = await done(['convert', lone, other]);
  expect(converted).toContain('is of densenet-2-1-k8');
  expect(converted).toMatch(/Not in the file: how the network is built: \{"blocks":\[2,1\],"growthRate":8,/);
  const torch = ['predict', '--weights', other, '--out', table, '--overwrite', ...inference, image];
  expect(await done(torch)).toContain('lone.safetensors is of densenet-2-1-k8');
});

it('goes on with the network that it has, and with no other', async () => {
  const resume = (...args: string[]) => chexgpu(['train', '--resume', run, ...args]);
  await writeFile(file, JSON.stringify({ ...TINY, growthRate: 9 }));
  const changed = await resume('--epochs', '2');
  expect([changed.code, lastLine(changed)]).toEqual([
    2,
    expect.stringMatching(
      /tiny\.json describes another network now \(.*rate 9\) than .*checkpoint\.h5 \(.*rate 8\)/,
    ),
  ]);
  const named = await resume('--network', 'densenet169');
  expect([named.code, lastLine(named)]).toEqual([2, expect.stringContaining('--network is not what')]);
  await rm(file);
  expect(await done(['train', '--resume', run, '--epochs', '2'])).toMatch(/Network: tiny[\s\S]*Epoch 2\/2/);
  await writeFile(file, JSON.stringify(TINY));
});

/** A base in the layout of Keras. Batch norms keep the scale whatever kernels are; drawn ones would take seconds. */
async function writeBase(path: string, config: DenseNetConfig): Promise<void> {
  const values = (size: number, tensor: string) =>
    Float32Array.from({ length: size }, (_, i) =>
      tensor === 'kernel' ? ((i * 7919) % 199) / 1990 - 0.05 : 1,
    );
  const weights = new Map(parameterTable(config).map(({ key, size, tensor }) => [key, values(size, tensor)]));
  await writeWeightFile(path, weights, config, { head: false });
}

it('a base without a head begins a training without being named', async () => {
  const base = scratch.path('notop.h5');
  await writeBase(base, densenetConfig('densenet121', { ...TINY, blocks: [1, 2] }));
  const out = scratch.path('on');
  const said = await done([
    'train',
    '--data',
    data,
    ...small,
    '--epochs',
    '1',
    '--weights',
    base,
    '--out',
    out,
  ]);
  expect(said).toMatch(/notop\.h5 is of densenet-1-2-k8, by its layers: blocks of 1, 2 layers/);
  expect(said).toMatch(/Network: densenet-1-2-k8.*base only.*; head for Odd, Even drawn with seed 1/);
  expect(JSON.parse(await readFile(join(out, 'history.json'), 'utf8')).network).toBe('densenet-1-2-k8');
});

it('that of DenseNet169 gives all of it', async () => {
  const base = scratch.path('densenet169_notop.h5');
  await writeBase(base, densenetConfig('densenet169'));
  const { config, weights } = await startingNetwork(
    { out: SILENT },
    { weights: base, seed: 1, labels: ['Odd'] },
  );
  expect(config).toEqual(densenetConfig('densenet169', { classes: 1 }));
  expect(await checkpointBytes({ weights: base })).toBeGreaterThan(4 * countParameters(config).total);
  expect([...weights.keys()].sort()).toEqual(
    parameterTable(config)
      .map(({ key }) => key)
      .sort(),
  );
});

it('what contradicts is refused', async () => {
  const refused = async (...args: string[]) => {
    const ended = await train('--epochs', '1', '--out', scratch.path('refused'), ...args);
    return [ended.code, lastLine(ended)];
  };
  const both = await refused('--config', file, '--network', 'densenet169');
  expect(both).toEqual([2, expect.stringMatching(/--config.* cannot be used with .*--network/)]);
  const weights = ['--weights', join(run, 'weights.h5')];
  const other = await refused(...weights, '--network', 'densenet201');
  expect(other).toEqual([4, expect.stringMatching(/holds 18 layers with weights, densenet201 has/)]);
  await writeFile(file, JSON.stringify({ ...TINY, growthRate: 0 }));
  expect(await refused('--config', file)).toEqual([2, expect.stringMatching(/tiny\.json: growthRate is 0/)]);
  await writeFile(file, JSON.stringify({ blocks: [1, 1, 1, 1, 1] }));
  expect(await refused('--config', file)).toEqual([2, expect.stringMatching(/multiple of 64/)]);
});
