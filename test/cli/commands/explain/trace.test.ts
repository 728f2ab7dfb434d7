import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import golden from '../../../golden/trace/trace.json' with { type: 'json' };
import { tagsOf } from '../../../support/files/htmlTags.js';
import { chexgpu, ensureBuilt, lastLine, scratchFolder } from '../../../support/programs/cli.js';

const scratch = scratchFolder();
const toy = ['--network', 'toy', '--class', 'Effusion', '--weight', 'conv1/conv/kernel[0,0,0,5]'];

beforeAll(ensureBuilt);
afterAll(scratch.remove);

describe('chexgpu trace', () => {
  it('prints the numbers that PyTorch confirms, writes them as a page and for machines', async () => {
    const page = scratch.path('trace.html');
    const ended = await chexgpu(['trace', 'phantom:1', ...toy, '--pixel', '10,11', '--html', page, '--json']);
    expect([ended.code, ended.stderr.includes('Wrote ')]).toEqual([0, true]);
    const said = JSON.parse(ended.stdout);
    expect(said).toMatchObject({
      command: 'trace',
      name: 'phantom 1',
      size: 16,
      label: 'Effusion',
      positive: [],
    });
    const [{ adam, loss, weight }] = golden.cases;
    expect(said.weight.title).toBe(weight);
    expect(said.weight.gradient.gpu).toBeCloseTo(adam.gradient, 6);
    expect(said.weight.adam.after).toBeCloseTo(adam.after, 6);
    expect(ended.stderr).toContain(adam.after.toPrecision(6));
    const text = readFileSync(page, 'utf8');
    expect(tagsOf(text).unclosed).toEqual([]);
    for (const { title } of [...said.forward, ...said.backward])
      expect(text.includes(title), title).toBe(true);
    expect(text.includes(loss.toPrecision(6))).toBe(true);
  });

  it.each<[string, string[], number, RegExp]>([
    ['a pixel outside', ['phantom:1', ...toy, '--pixel', '16,0'], 2, /pixel 16,0 lies outside/],
    ['a pixel that is none', ['phantom:1', ...toy, '--pixel', '16'], 2, /"16" is no pixel/],
    ['a phantom that there is not', ['phantom:61', ...toy, '--pixel', '1,1'], 2, /no phantom 61.*1 to 60/],
    ['an image that is not there', [scratch.path('no.png'), ...toy, '--pixel', '1,1'], 3, /no\.png/],
  ])('refuses %s', async (_, args, code, message) => {
    const ended = await chexgpu(['trace', ...args]);
    expect([ended.code, lastLine(ended)]).toEqual([code, expect.stringMatching(message)]);
  });
});
