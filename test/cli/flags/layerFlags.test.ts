/** The flags of what learns and how fast. */
import { Command } from 'commander';
import { expect, it } from 'vitest';
import { addLayerOptions, type LayerFlags, layersOf } from '../../../src/cli/flags/layerFlags.js';

function parsed(...args: string[]): LayerFlags {
  const command = addLayerOptions(new Command())
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  return command.parse(args, { from: 'user' }).opts();
}

it('all learn alike where nothing is said, and lists go on where a flag is given again', () => {
  expect(layersOf(parsed())).toEqual({ freeze: [], frozenNorms: 'inference', rateOf: {} });
  const flags = '--freeze conv1,conv2 --freeze pool2 --frozen-norms training';
  const rates = '--rate-of conv3=0.1,*_bn=2 --rate-of head=1e1';
  expect(layersOf(parsed(...`${flags} ${rates}`.split(' ')))).toEqual({
    freeze: ['conv1', 'conv2', 'pool2'],
    frozenNorms: 'training',
    rateOf: { conv3: 0.1, '*_bn': 2, head: 10 },
  });
});

it('of rates for the same layers the last holds, in its place', () => {
  const lists = [['base=0.1,conv5=1', 'base=0.5'], ['base=0.1,conv5=1,base=0.5']];
  for (const list of lists) {
    const { rateOf } = layersOf(parsed(...list.flatMap((rates) => ['--rate-of', rates])));
    expect(Object.entries(rateOf)).toEqual([
      ['conv5', 1],
      ['base', 0.5],
    ]);
  }
});

it.each([
  ['--freeze', 'conv1,,conv2', /--freeze.*empty name in 'conv1,,conv2'/],
  ['--freeze', ' ', /--freeze.*empty name/],
  ['--frozen-norms', 'eval', /--frozen-norms.*inference, training/],
  ['--rate-of', 'conv1', /--rate-of.*'conv1' is no layers=factor/],
  ['--rate-of', 'conv1=0.1=2', /--rate-of.*no layers=factor/],
  ['--rate-of', '=2', /--rate-of.*no layers=factor/],
  ['--rate-of', 'conv1=fast', /--rate-of.*rateOf: conv1 is 'fast'/],
  ['--rate-of', 'conv1=0', /--rate-of.*Freeze/],
  ['--rate-of', 'conv1=-2', /--rate-of.*conv1 is -2/],
])('%s %s is refused', (flag, value, message) => {
  expect(() => parsed(flag, value)).toThrow(message);
});
