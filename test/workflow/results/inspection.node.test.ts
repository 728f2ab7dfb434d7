/** What a page of maps is drawn from, against what `Model.inspect` itself hands over. */
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { DenseNet } from '../../../src/densenet/densenet.js';
import { inspectionPage } from '../../../src/eval/inspection/inspectionPage.js';
import { mapNumbers, shortNumber } from '../../../src/eval/inspection/mapNumbers.js';
import type { PixelBatch } from '../../../src/training/batch.js';
import type { InspectedMap } from '../../../src/training/inspection/inspect.js';
import { BCE } from '../../../src/training/losses/binaryCrossEntropy.js';
import { WEIGHTED } from '../../../src/training/losses/weightedCrossEntropy.js';
import { SILENT, type WorkContext } from '../../../src/workflow/reporter.js';
import {
  chosenLayers,
  type InspectionOptions,
  inspectImage,
} from '../../../src/workflow/results/inspection.node.js';
import { tagsOf } from '../../support/files/htmlTags.js';
import { testGpu } from '../../support/gpu/testGpu.js';
import { TINY, tinyBatch } from '../../support/networks/tinyNet.js';

const gpu = await testGpu();
const context: WorkContext = { out: SILENT, signal: new AbortController().signal };
const classifier = { config: TINY, outputs: { labels: ['Mass', 'Edema'], thresholds: null } };
const { labels: _, ...image }: PixelBatch = tinyBatch(3, 1);

async function inspected(options: Partial<InspectionOptions>, labels = classifier.outputs.labels) {
  const model = await DenseNet.create(gpu, { config: TINY, seed: 1 });
  const all = { maxMaps: 4, training: null, ...options };
  const outputs = { ...classifier.outputs, labels };
  const found = await inspectImage(context, gpu, model, { ...classifier, outputs }, image, all);
  await model.dispose();
  return found;
}

describe('an inspected image', () => {
  it('in inference has the numbers and probabilities of the network, and a time per dispatch', async () => {
    const { maps, outputs, times, loss, mode, parts } = await inspected({});
    const model = await DenseNet.create(gpu, { config: TINY, seed: 1 });
    const own = new Map<string, InspectedMap>();
    await model.inspect(image, (map) => void own.set(map.name, map));
    const p = await model.predict(image);
    await model.dispose();
    expect(maps.map(({ name }) => name)).toEqual([...own.keys()].filter((name) => name !== 'probabilities'));
    for (const { name, numbers, kernel, file, constants, picture, shape } of maps) {
      const { values, ...made } = own.get(name)!;
      expect(numbers, name).toEqual(mapNumbers(values));
      expect({ kernel, file, constants }).toEqual({
        kernel: made.kernel,
        file: made.file,
        constants: made.constants,
      });
      expect(picture!.channels.length, name).toBe(shape[1] > 1 ? Math.min(4, shape[3]) : shape[3]);
    }
    expect(outputs.map(({ label, probability }) => [label, probability])).toEqual([
      ['Mass', p[0]],
      ['Edema', p[1]],
    ]);
    expect([mode, loss]).toEqual(['inference', null]);
    expect(times!.dispatches.every(({ ns, back }) => ns >= 0 && !back)).toBe(true);
    expect(times!.dispatches.map(({ label }) => label)).toContain('conv1/conv');
    expect(parts).toHaveLength(5);
  });

  it('in training has the loss and gradients of the next step, and a page that says them', async () => {
    const training = { loss: { kind: WEIGHTED, settings: {} }, positive: ['Edema'], gradients: true };
    const found = await inspected({ training });
    const model = await DenseNet.create(gpu, { config: TINY, seed: 1 });
    const weights = { posWeights: [1, 1], negWeights: [1, 1] };
    await model.compile(weights);
    const labels = Float32Array.of(0, 1);
    expect(await model.trainStep({ ...image, labels })).toBe(found.loss!.value);
    const gradients = await model.gradients();
    await model.dispose();
    const { outputs, loss, maps, times } = found;
    expect(outputs.map(({ truth }) => truth)).toEqual([0, 1]);
    expect(outputs.reduce((sum, one) => sum + one.loss!, 0)).toBeCloseTo(loss!.value, 5);
    for (const [key, values] of gradients) {
      const own = maps.find(({ kind, name }) => kind === 'gradient of weights' && name === key)!;
      expect(own.numbers, key).toEqual(mapNumbers(values));
      expect(own.picture).toBeUndefined();
    }
    expect(maps.at(-1)).toMatchObject({ kind: 'gradient of input', kernel: 'conv.backwardData.strided' });
    expect(times!.dispatches.some(({ back }) => back)).toBe(true);

    const rest = {
      notice: null,
      adapter: 'x',
      command: 'x',
      version: '1',
      madeAt: new Date(0).toISOString(),
    };
    const words = { name: 'a.png', network: 'tiny', weights: 'x', parameters: 1, normalised: 'by itself' };
    const page = inspectionPage({ ...found, ...rest, ...words });
    expect(tagsOf(page).unclosed).toEqual([]);
    for (const { numbers } of maps) {
      expect(page).toContain(`${shortNumber(numbers.least)} to ${shortNumber(numbers.greatest)}, mean `);
    }
    for (const { label, probability } of outputs) {
      expect(page).toMatch(new RegExp(`${label}</th>.{0,200}${probability.toFixed(4)}`));
    }
    expect(page).toContain(`add up to ${shortNumber(loss!.value)}`);
  });

  it('has the layers, channels and loss that are asked for', async () => {
    const training = { loss: { kind: BCE, settings: {} }, positive: [], gradients: false };
    const layers = ['conv1', '*_2_conv'];
    const { maps, loss, chosen } = await inspected({ layers, channels: [7, 1], training });
    expect(maps.map(({ name }) => name)).toEqual([
      'conv1/conv',
      'conv1/bn',
      'conv1/relu',
      'conv2_block1_2_conv',
      'conv3_block1_2_conv',
    ]);
    for (const { picture } of maps) expect(picture!.channels).toEqual([7, 1]);
    expect([loss!.title, chosen]).toEqual(['binary cross-entropy', 'conv1, *_2_conv']);
  });

  it('leaves outputs that were never trained out of table and loss', async () => {
    const training = { loss: { kind: WEIGHTED, settings: {} }, positive: ['Mass'], gradients: false };
    const { outputs, loss } = await inspected({ layers: ['head'], training }, ['Mass', '']);
    expect(outputs.map(({ label }) => label)).toEqual(['Mass']);
    expect(outputs[0].loss).toBeCloseTo(-Math.log(outputs[0].probability), 4);
    expect(loss!.value).toBeCloseTo(outputs[0].loss!, 6);
  });

  it('refuses a layer that there is not, with those near', async () => {
    const model = await DenseNet.create(gpu, { config: TINY, seed: 1 });
    expect(() => chosenLayers(model.network, ['conv9'])).toThrow(UsageError);
    expect(() => chosenLayers(model.network, ['conv9'])).toThrow(/`layers`: tiny has no layer 'conv9'/);
    expect([...chosenLayers(model.network, ['pool1', 'head'])!]).toEqual(['pool1', 'dense_1']);
    await model.dispose();
  });
});
