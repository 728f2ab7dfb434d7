/** What lies beside the programs and pages in `app`, and what the library's sources say of it. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { TOLERANCE, worstDifference } from '../../src/core/tolerance.js';
import { SAMPLEWISE } from '../../src/data/generator/standardize.js';
import { xrayBatch } from '../../src/data/images/xrayBatch.js';
import { densenetConfig } from '../../src/densenet/architecture.js';
import { DenseNet } from '../../src/densenet/densenet.js';
import { initialWeights } from '../../src/densenet/initialisers.js';
import { writeWeights } from '../../src/densenet/weights/formats.js';
import { openNodeGpu } from '../../src/engine/device/gpu.node.js';
import { GRAY, writePng } from '../support/files/png.js';
import { once } from '../support/programs/installed.js';

const SIDE = 32;
const LABELS = ['Mass', 'Edema', 'Hernia'];
const CONFIG = densenetConfig('densenet121', {
  blocks: [1, 1],
  growthRate: 8,
  stemChannels: 8,
  classes: LABELS.length,
});
const WEIGHTS = initialWeights(CONFIG, 7);
const PREPROCESSING = { size: SIDE, interpolation: 'bilinear', normalisation: SAMPLEWISE } as const;
const PIXELS = Uint8Array.from({ length: SIDE * SIDE }, (_, i) => (i * i * 7 + i * 3) % 251);

/** What a program or a page prints of one weight file. */
export interface Answer {
  labels: string[];
  probabilities: number[];
  /** Grad-CAM of the first label. */
  map: number[];
}

/** weights.safetensors and weights.h5 of one network, image.png and the same pixels in image.json. */
export async function writeUserFiles(folder: string): Promise<void> {
  const meaning = { labels: LABELS, preprocessing: PREPROCESSING };
  const image = { width: SIDE, height: SIDE };
  const files: [name: string, content: string | Uint8Array][] = [
    ['weights.safetensors', await writeWeights('safetensors', WEIGHTS, CONFIG, meaning)],
    ['weights.h5', await writeWeights('keras2', WEIGHTS, CONFIG, meaning)],
    ['image.png', writePng({ ...image, bitDepth: 8, colorType: GRAY, samples: PIXELS })],
    ['image.json', JSON.stringify({ ...image, pixels: [...PIXELS] })],
  ];
  await mkdir(folder, { recursive: true });
  for (const [name, content] of files) await writeFile(join(folder, name), content);
}

/** What the sources answer in this process. */
export const sourcesAnswer = (): Promise<Answer> =>
  once('answer', async () => {
    const { gpu } = await openNodeGpu();
    const model = await DenseNet.create(gpu, { config: CONFIG, weights: WEIGHTS, labels: LABELS });
    const image = { width: SIDE, height: SIDE, channels: 1 as const, data: PIXELS };
    const batch = xrayBatch(image, undefined, 'a', PREPROCESSING);
    const probabilities = [...(await model.predict(batch))];
    const [{ map }] = await model.gradcam(batch, ['Mass']);
    gpu.dispose();
    // Nothing that a network which does not compute would give.
    expect(Math.max(...probabilities) - Math.min(...probabilities)).toBeGreaterThan(0.1);
    expect(Math.max(...map) - Math.min(...map)).toBeGreaterThan(0.1);
    return { labels: LABELS, probabilities, map: [...map] };
  });

export function expectSame(found: Answer, want: Answer): void {
  expect(found).toMatchObject({ labels: want.labels });
  const numbers = ({ probabilities, map }: Answer) => [...probabilities, ...map];
  const worst = worstDifference(numbers(found), numbers(want), TOLERANCE.f32);
  expect(worst.ratio, `${worst.got} for ${worst.want} at ${worst.index}`).toBeLessThanOrEqual(1);
}
