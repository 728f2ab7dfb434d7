/** Networks from JSON files. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { densenetConfig } from '../../../src/densenet/architecture.js';
import { configOf, readNetworkFile } from '../../../src/workflow/weights/networkFile.node.js';

const folder = mkdtempSync(join(tmpdir(), 'chexgpu-network-'));
afterAll(() => rmSync(folder, { recursive: true }));

const path = join(folder, 'net.json');
function read(content: unknown) {
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return readNetworkFile(path);
}

describe('a network from a file', () => {
  it('has DenseNet121 in what is left out, and a name by its layers', async () => {
    expect(await read({})).toEqual(densenetConfig('densenet121'));
    expect(await read({ blocks: [6, 12, 32, 32] })).toEqual(densenetConfig('densenet169'));
    const slim = { blocks: [2, 2], growthRate: 16, stemChannels: 32, bottleneck: 2, compression: 0.75 };
    const name = 'densenet-2-2-k16';
    expect(await read(slim)).toEqual({ ...densenetConfig('densenet121'), ...slim, name });
    expect(await read({ ...slim, name: 'slim', inputChannels: 1 })).toMatchObject({
      name: 'slim',
      inputChannels: 1,
    });
    expect(await read('\ufeff{"name": "my 121"}')).toMatchObject({ name: 'my 121', blocks: [6, 12, 24, 16] });
  });

  it('is a choice beside names', () => {
    const config = densenetConfig('densenet121', { name: 'own', blocks: [2] });
    expect(configOf(config, { classes: 3, bnEpsilon: undefined })).toEqual({ ...config, classes: 3 });
    expect(configOf('densenet169', { classes: 3 })).toEqual(densenetConfig('densenet169', { classes: 3 }));
  });

  it.each<[string, unknown, RegExp]>([
    ['no JSON', '{"blocks": [2,', /net\.json is no JSON: .*It holds one object/],
    ['nothing', '', /is no JSON/],
    ['a list', [6, 12], /net\.json holds is an Array of 2, it must be an object/],
    ['null', 'null', /must be an object/],
    [
      'an unknown field, with those that a file may have',
      { block: [2] },
      /no field 'block'\. The fields are name, blocks, compression, growthRate, bottleneck(, \w+){2}, stem, norms\.$/,
    ],
    [
      'a settled field by another spelling',
      { bn_epsilon: 1e-3 },
      /bn_epsilon is not for a network's file.*`bnEpsilon`/,
    ],
    ['a field by another spelling', { growth_rate: 8 }, /no field 'growth_rate'\. It is spelt growthRate/],
    [
      "a field by PyTorch's name",
      { num_init_features: 8 },
      /'num_init_features'\. It is called stemChannels/,
    ],
    ['__proto__', '{"__proto__": {"blocks": [2]}}', /no field '__proto__'/],
    ['outputs', { classes: 3 }, /classes is not for a network's file\. .*`labels`/],
    ['a softmax', { activation: 'softmax' }, /activation is not for a network's file\. .*sigmoids/],
    ['no block', { blocks: [] }, /net\.json: blocks are \[\]/],
    ['a block of none', { blocks: [6, 0] }, /blocks are \[6, 0\], they must be whole numbers from 1 to 4096/],
    ['half a layer', { blocks: [1.5] }, /blocks are \[1\.5\]/],
    ['blocks as text', { blocks: '6,12' }, /blocks is '6,12', it must be an array of numbers/],
    ['too many blocks', { blocks: Array(13).fill(1) }, /13 blocks are too many; 12 are the most/],
    ['no growth', { growthRate: 0 }, /growthRate is 0, it must be a whole number from 1 to 65536/],
    ['growth of nothing', { growthRate: null }, /growthRate is null/],
    ['a negative bottleneck', { bottleneck: -1 }, /bottleneck is -1, .* from 0 to 65536/],
    ['compression to nothing', { compression: 0 }, /compression is 0; a transition must keep something/],
    ['expansion', { compression: 1.5 }, /compression is 1\.5, it must be from 0 to 1/],
    ['a stem that there is not', { stem: 'resnet' }, /stem is 'resnet', it must be imagenet or cifar/],
    ['norms that are not built', { norms: 'block' }, /norms 'block' with stem 'imagenet' .* is not built/],
    ['two input channels', { inputChannels: 2 }, /inputChannels is 2, it must be 1 \(gray\) or 3/],
    [
      'what weights may say otherwise',
      { bnEpsilon: 1e-3 },
      /bnEpsilon is not for a network's file\. .*`bnEpsilon`/,
    ],
    ['the same in another word', { epsilon: 1e-3 }, /epsilon is not for a network's file/],
    [
      'what the training says',
      { bnMomentum: 0.9 },
      /bnMomentum is not for a network's file\. .*`bnMomentum`/,
    ],
    ['a name of another', { name: 'densenet169' }, /the name densenet169 is that of another network/],
    ['a name that is none', { name: '../x' }, /name is '\.\.\/x'; it must be up to 64/],
    ['a name of no letters', { name: 7 }, /name is 7;/],
    ['a monster', { blocks: [6, 12, 48, 320] }, /has 276,839,246 parameters; 250,000,000 \(1\.00 GB\)/],
  ])('%s is refused', async (_, content, message) => {
    const error = await read(content).then(
      () => null,
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(UsageError);
    expect((error as UsageError).message).toMatch(message);
  });

  it('that is not there, or is a folder, is refused', async () => {
    await expect(readNetworkFile(join(folder, 'none.json'))).rejects.toThrow(UsageError);
    await expect(readNetworkFile(folder)).rejects.toThrow(UsageError);
  });
});
