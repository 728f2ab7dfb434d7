/** Essay 2: which channels of a block each dispatch reads and writes. */
import { withPlan } from './smallNetwork.js';
import { rect, svg, text } from './svg.js';

const WORDS: Readonly<Record<string, string>> = {
  pool1: 'max pool',
  conv2_block1_1_conv: 'layer 1, 1x1',
  conv2_block1_2_conv: 'layer 1, 3x3',
  conv2_block2_1_conv: 'layer 2, 1x1',
  conv2_block2_2_conv: 'layer 2, 3x3',
  global_average_pooling2d_1: 'global average',
};
const CELL = 21;

export function blockPicture(): Promise<string> {
  return withPlan('predict', ({ dispatches }) => {
    const rows = dispatches.filter(({ label }) => label in WORDS);
    const parts: string[] = [
      text(130, 24, 'the buffer of the block, 16 channels', 'bold'),
      text(490, 24, 'bottleneck, 8', 'bold'),
    ];
    let there = 0;
    for (const [r, { label, tensors }] of rows.entries()) {
      const y = 40 + r * 34;
      parts.push(text(15, y + 16, WORDS[label]));
      const kind = (map: (name: string) => boolean, c: number) => {
        const has = (key: string) => {
          const tensor = tensors[key];
          const from = tensor.channelOffset;
          return map(tensor.storage.label) && c >= from && c < from + tensor.shape[3];
        };
        if (has('y')) return 'b';
        return has('x') ? 'a' : null;
      };
      for (let c = 0; c < 16; c++) {
        const own = kind((name) => name === 'block2', c);
        parts.push(rect(130 + c * CELL, y, CELL - 2, 24, own ?? (c < there ? 'none' : 'thin')));
        if (own === 'b') there = c + 1;
      }
      for (let c = 0; c < 8; c++) {
        const own = kind((name) => /_1_conv$/.test(name), c);
        if (own) parts.push(rect(490 + c * CELL, y, CELL - 2, 24, own));
      }
    }
    const y = 40 + rows.length * 34 + 6;
    const legend = [
      ['a', 'reads'],
      ['b', 'writes'],
      ['none', 'there, not read'],
      ['thin', 'not there yet'],
    ];
    legend.forEach(([kind, words], i) => {
      parts.push(rect(130 + i * 130, y, 16, 16, kind), text(152 + i * 130, y + 13, words, 'small'));
    });
    return svg(670, y + 30, 'Channels that the dispatches of a dense block read and write', parts);
  });
}
