import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { initialWeights } from '../../../../src/densenet/initialisers.js';
import { writeWeights } from '../../../../src/densenet/weights/formats.js';
import { tagsOf } from '../../../support/files/htmlTags.js';
import { GRAY, writePng } from '../../../support/files/png.js';
import { TINY } from '../../../support/networks/tinyNet.js';
import { chexgpu, ensureBuilt, lastLine, scratchFolder } from '../../../support/programs/cli.js';

const scratch = scratchFolder();
const image = scratch.path('a.png');
const weights = scratch.path('tiny.npz');
const network = ['--weights', weights, '--labels', 'Mass,Edema', '--size', '32'];

beforeAll(async () => {
  await ensureBuilt();
  const samples = Uint8Array.from({ length: 40 * 40 }, (_, i) => (i * 37) & 255);
  writeFileSync(image, writePng({ width: 40, height: 40, bitDepth: 8, colorType: GRAY, samples }));
  writeFileSync(weights, await writeWeights('npz', initialWeights(TINY, 1), TINY));
});
afterAll(scratch.remove);

describe('chexgpu inspect', () => {
  it('writes a page of a training step, and the same numbers for machines', async () => {
    const out = scratch.path('page.html');
    const training = [
      '--training',
      '--positive',
      'mass',
      '--gradients',
      '--layers',
      'conv1,conv2_block1_1_conv',
    ];
    const ended = await chexgpu([
      'inspect',
      image,
      ...network,
      ...training,
      '--channels',
      '0,2-3',
      '--out',
      out,
      '--json',
    ]);
    expect(ended.stderr).toMatch(/Wrote \d+ maps to .*page\.html/);
    expect(ended.code).toBe(0);
    const said = JSON.parse(ended.stdout);
    expect(said).toMatchObject({ command: 'inspect', out, size: 32, mode: 'training' });
    expect(said.outputs.map((one: { label: string; truth: number }) => [one.label, one.truth])).toEqual([
      ['Mass', 1],
      ['Edema', 0],
    ]);
    const page = readFileSync(out, 'utf8');
    const { tags, unclosed } = tagsOf(page);
    expect(unclosed).toEqual([]);
    const kinds = said.maps.map(({ kind, name }: { kind: string; name: string }) => `${kind} ${name}`);
    expect(kinds).toContain('gradient of weights conv1/conv/kernel');
    expect(kinds).toContain('gradient of conv conv2_block1_1_conv');
    for (const { channels, numbers, shape, file } of said.maps) {
      if (channels.length > 0) expect(channels).toEqual([0, 2, 3]);
      expect(numbers.count).toBe(shape.reduce((a: number, b: number) => a * b, 1));
      expect(page.includes(file), file).toBe(true);
    }
    expect(tags.filter(({ name }) => name === 'img').length).toBe(
      1 + said.maps.filter(({ channels }: { channels: number[] }) => channels.length > 0).length,
    );
    // The command line is in it, without the places of files.
    expect(page.includes('<code>chexgpu inspect a.png --weights FILE --labels')).toBe(true);
    expect(page.includes(scratch.path())).toBe(false);
    const again = await chexgpu(['inspect', image, ...network, '--out', out]);
    expect([again.code, lastLine(again)]).toEqual([
      2,
      expect.stringMatching(/page\.html exists.*--overwrite/),
    ]);
  });

  it.each<[string, string[], number, RegExp]>([
    [
      'a label without a training',
      [image, '--positive', 'Mass'],
      2,
      /no --positive in a prediction.*--training/,
    ],
    ['a label that there is not', [image, '--training', '--positive', 'Mas'], 2, /no output for Mas/],
    ['a layer that there is not', [image, '--layers', 'conv2,conv9'], 2, /--layers: .* has no layer 'conv9'/],
    ['channels that are none', [image, '--channels', '3-1'], 2, /"3-1" is no channel/],
    ['a page in the place of the image', [image, '--out', image, '--overwrite'], 2, /a\.png/],
    ['an image that is not there', [scratch.path('b.png')], 3, /b\.png/],
  ])('refuses %s', async (_, args, code, message) => {
    const ended = await chexgpu(['inspect', ...network, '--out', scratch.path('no.html'), ...args]);
    expect([ended.code, lastLine(ended)]).toEqual([code, expect.stringMatching(message)]);
  });
});
