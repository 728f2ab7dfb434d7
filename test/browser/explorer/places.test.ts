/** The Explorer's places, cursor and pictures of a network's table, without a page. */
import { describe, expect, it } from 'vitest';
import { densenetConfig, initialWeights, TOY_SIZE } from '../../../src/index.js';
import { moved, toLayer, within, zoomed } from '../../../web/pages/explorer/graph/cursor.js';
import { Graph } from '../../../web/pages/explorer/graph/graph.js';
import { networkMap, writerColour } from '../../../web/pages/explorer/graph/networkMap.js';
import { withWeight } from '../../../web/pages/explorer/graph/weightNames.js';
import { packed, unpacked } from '../../../web/pages/explorer/inWorker/recordedRun.js';
import { exact, number, short, unitOf } from '../../../web/pages/explorer/parts/numbers.js';
import { type Place, readPlace, START, writePlace } from '../../../web/pages/explorer/place.js';
import { TOUR } from '../../../web/pages/explorer/tour/steps.js';

const toy = new Graph(densenetConfig('toy'), TOY_SIZE);
const large = new Graph(densenetConfig('densenet121'), 64);

describe('a place in the address', () => {
  it('comes back as it was written, whatever it says', () => {
    const places: Partial<Place>[] = [
      {},
      { level: 'pixel', layer: 'conv1/conv', channel: 5, y: 6, x: 7 },
      { network: 'densenet121', image: 'phantom4', direction: 'update', weight: 'conv1/bn/gamma[63]' },
      { labels: [], output: 3 },
      { labels: [1, 13], tour: 4, tab: 'debugger', more: { step: '12', note: 'a&b=c' } },
    ];
    for (const change of places) {
      const place = { ...START, ...change };
      expect(readPlace(`#explorer${writePlace(place)}`)).toEqual(place);
    }
    expect(writePlace(START)).toBe('');
    const link = writePlace({ ...START, level: 'pixel', channel: 5, weight: 'conv1/conv/kernel[1,0,0,5]' });
    expect(link).toBe('?level=pixel&channel=5&weight=conv1/conv/kernel[1,0,0,5]');
  });

  it('is as at first where the address is wrong', () => {
    const odd = '#explorer?level=atom&direction=up&channel=-3&pixel=a,b&labels=x+2+2+%&tour=1e9&output=';
    expect(readPlace(odd)).toEqual({ ...START, labels: [2] });
    expect(readPlace('')).toEqual(START);
    expect(readPlace('#explorer?%E0%A4%A=1&&=')).toMatchObject({ level: 'network' });
  });
});

describe('the table asked for a picture', () => {
  it('says who wrote which channels, and who reads them', () => {
    expect(toy.slices('conv2_block2_concat').map(({ writer, from, to }) => [writer.name, from, to])).toEqual([
      ['pool1', 0, 8],
      ['conv2_block1_2_conv', 8, 12],
      ['conv2_block2_2_conv', 12, 16],
    ]);
    expect(toy.written('conv2_block2_concat', 13)).toEqual({ name: 'conv2_block2_2_conv', channel: 1 });
    expect(toy.offsetInBuffer('conv2_block2_2_conv')).toBe(12);
    const readers = (name: string) => toy.finalReaders(name).map((layer) => layer.name);
    expect(readers('pool1')).toEqual(['conv2_block1_0_bn', 'conv2_block2_0_bn', 'bn']);
    expect(readers('conv2_block1_2_conv')).toEqual(['conv2_block2_0_bn', 'bn']);
    expect(large.finalReaders('pool3_pool')).toHaveLength(25);
  });

  it('knows which pixels a number has seen', () => {
    // Rows 2y - 3 to 2y + 3 of a convolution of 7 at stride 2, cut at the edge.
    expect(toy.receptiveField('conv1/conv', 6, 0)).toEqual({ top: 9, bottom: 16, left: 0, right: 4 });
    expect(toy.receptiveField('input_1', 10, 11)).toEqual({ top: 10, bottom: 11, left: 11, right: 12 });
    expect(large.receptiveField('pool1', 8, 8)).toEqual({ top: 27, bottom: 38, left: 27, right: 38 });
    const whole = { top: 0, bottom: 16, left: 0, right: 16 };
    for (const name of ['global_average_pooling2d_1', 'dense_1', 'loss']) {
      expect(toy.receptiveField(name, 0, 0)).toEqual(whole);
    }
  });

  it('is drawn within any width, every layer once, no two sections on each other', () => {
    for (const graph of [toy, large]) {
      for (const width of [300, 358, 640, 1100, 1700]) {
        const { sections, height, rowHeight } = networkMap(graph, width);
        expect(sections.map(({ section }) => section.title)[0]).toBe('Stem');
        const drawn = sections.flatMap(({ columns }) => columns.flatMap(({ layers }) => layers));
        expect([...drawn].sort()).toEqual([...graph.stations].sort());
        for (const [i, { x, y, width: own, columns }] of sections.entries()) {
          expect(x + own).toBeLessThanOrEqual(Math.max(width, own));
          expect(y + rowHeight).toBeLessThanOrEqual(height);
          const next = sections[i + 1];
          if (next?.y === y) expect(next.x).toBeGreaterThan(x + own);
          const last = columns[columns.length - 1];
          expect(last.x + last.width).toBeLessThanOrEqual(x + own + 1e-9);
        }
      }
    }
    const grown = networkMap(large, 1100).sections[1].columns.map(({ height }) => height);
    expect(grown).toEqual([...grown].sort((a, b) => a - b));
    const writers = large.slices('conv2_block6_concat').map(({ writer }) => writerColour(large, writer.name));
    expect(new Set(writers).size).toBe(7);
  });
});

describe('the cursor', () => {
  const place: Place = { ...START, layer: 'conv1/conv', channel: 7, y: 7, x: 7 };

  it('stays on the map, and on the spot when it goes to another', () => {
    expect(within(toy, { layer: 'nowhere', channel: 99, y: 99, x: -1 })).toEqual({
      ...{ layer: 'conv1/conv', channel: 7, y: 7, x: 0 },
    });
    expect(toLayer(toy, place, 'pool1')).toEqual({ layer: 'pool1', channel: 7, y: 3, x: 3 });
    expect(toLayer(toy, place, 'loss')).toEqual({ layer: 'loss', channel: 0, y: 0, x: 0 });
  });

  it('reaches every station by arrows, and every level by Enter and Escape', () => {
    let at: Place = { ...place, layer: 'input_1' };
    const seen = [at.layer];
    for (let i = 1; i < toy.stations.length; i++) {
      at = { ...at, ...moved(toy, at, 'ArrowRight') };
      seen.push(at.layer);
    }
    expect(seen).toEqual(toy.stations);
    expect(moved(toy, at, 'ArrowRight').layer).toBe('loss');
    expect(moved(toy, { ...place, level: 'channel' }, 'ArrowUp')).toMatchObject({ y: 6, x: 7 });
    expect(moved(toy, { ...place, level: 'pixel' }, 'PageUp')).toMatchObject({ channel: 6, y: 7 });
    expect(moved(toy, { ...place, level: 'block' }, 'ArrowRight')).toMatchObject({ channel: 7 });
    expect(moved(large, { ...place, network: 'densenet121' }, 'ArrowDown').layer).toBe('conv2_block1_0_bn');
    expect(
      ['network', 'block', 'channel', 'pixel'].map((level) => zoomed(level as Place['level'], 1)),
    ).toEqual([...['block', 'channel', 'pixel', 'pixel']]);
    expect(zoomed('network', -1)).toBe('network');
  });

  it('takes the weight along where updates are looked at', () => {
    const at = (change: Partial<Place>): Place => ({ ...START, direction: 'update', ...change });
    const here = at({ layer: 'conv1/conv', channel: 5, weight: 'conv1/conv/kernel[0,0,0,5]' });
    const weightAfter = (change: Partial<Place>, place = here) => withWeight(toy, place, change).weight;
    expect(weightAfter({ level: 'pixel' })).toBeUndefined();
    expect(weightAfter({ channel: 6 })).toBe('conv1/conv/kernel[3,3,0,6]');
    expect(weightAfter({ layer: 'conv1/bn' })).toBe('conv1/bn/gamma[5]');
    expect(weightAfter({ layer: 'dense_1', channel: 2 })).toBe('dense_1/kernel[0,2]');
    expect(weightAfter({ channel: 6, weight: 'bn/beta[1]' })).toBe('bn/beta[1]');
    const forward = at({ ...here, direction: 'forward' });
    expect(weightAfter({ channel: 6 }, forward)).toBeUndefined();
    expect(weightAfter({ direction: 'update' }, forward)).toBe(here.weight);
    expect(weightAfter({ direction: 'update' }, { ...forward, channel: 4 })).toBe(
      'conv1/conv/kernel[3,3,0,4]',
    );
  });

  it('stands on what there is at every step of the tour', () => {
    for (const { place: step, title } of TOUR) {
      const { layer, channel, y, x } = { ...START, ...step };
      expect(within(toy, { layer, channel, y, x }), title).toEqual({ layer, channel, y, x });
    }
    expect(TOUR.length).toBeGreaterThanOrEqual(12);
  });
});

describe('numbers', () => {
  it('are printed as they are read', () => {
    expect([0, 1, -0.25, 123.456, 1234567, 0.00012345].map((value) => number(value))).toEqual([
      ...['0', '1.000', '\u22120.2500', '123.5', '1.235e6', '1.234e\u22124'],
    ]);
    expect(exact(-0.10067213)).toBe('\u22120.10067213');
    expect([0, 0.004, -0.004, 12.34, -1.666, 4321].map((value) => short(value))).toEqual([
      ...['0', '0.00', '0.00', '12.3', '\u22121.67', '4.3e3'],
    ]);
    expect(unitOf(0.0071)).toBe(-3);
    expect(short(-0.0071, -3)).toBe('\u22127.10');
    expect(unitOf(0.4)).toBe(0);
  });

  it('are recorded to the last bit', () => {
    const [, values] = [...initialWeights(toy.config, 5)][0];
    expect(unpacked(packed(values))).toEqual(values);
  });
});
