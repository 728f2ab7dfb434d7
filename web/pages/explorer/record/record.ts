/**
 * Records the toy network's step on phantom 1 for browsers without WebGPU: every map, forward and back, the weights,
 * and what Adam made of them. Run by scripts/recordExplorer.mjs.
 */
import { writeFileSync } from 'node:fs';
import { DenseNet, type WeightMap } from 'chexgpu';
import { openNodeGpu } from 'chexgpu/node';
import { labelledBatch, phantomPicture } from '../inWorker/pictures.js';
import { packAll, packed, type RecordedDocument } from '../inWorker/recordedRun.js';
import { GpuRun } from '../inWorker/run.js';
import type { Subject } from '../inWorker/subject.js';
import { compiled, explorerTraining } from '../inWorker/training.js';
import { readToy } from './readToy.js';

/** From the root of the repository, where the build finds it. */
const FILE = 'web/pages/explorer/record/recorded.json';
const IMAGE = 'phantom1';

const { network, weights, labels, preparation } = await readToy();
const picture = phantomPicture(IMAGE);
if (!picture) throw new Error(`There is no ${IMAGE}.`);
const { config } = network;
const { gpu, name } = await openNodeGpu();
const model = await DenseNet.create(gpu, { config, weights });
const training = explorerTraining(config.classes);
await model.compile(compiled(training));
const batch = labelledBatch(network, picture, labels, null, preparation);
const run = new GpuRun({ gpu, network, model, weights, training, batch } as unknown as Subject);

const maps: RecordedDocument['maps'][number][] = [];
await model.inspect(
  batch,
  ({ values, statistics, ...map }) => {
    const stored = statistics ? { statistics: packAll(statistics) as object } : {};
    maps.push({ ...map, values: packed(values), ...stored });
  },
  { mode: 'training', gradients: true },
);
const { after, m, v } = await run.update();
const all = (tensors: WeightMap) => Object.fromEntries([...tensors].map(([key, one]) => [key, packed(one)]));
const { pixels, loss, adam } = run;
const document: RecordedDocument = {
  recorded: `${name}, ${new Date().toISOString().slice(0, 10)}`,
  ...{ network: network.id, image: IMAGE, picture: picture.name, names: labels },
  ...{ pixels, labels: run.labels, loss, adam, maps },
  ...{ weights: all(weights), after: all(after), m: all(m), v: all(v) },
};
const text = `${JSON.stringify(document)}\n`;
writeFileSync(FILE, text);
console.log(
  `wrote ${FILE}: ${(text.length / 1000).toFixed(0)} kB, ${maps.length} maps, ${document.recorded}`,
);
await model.dispose();
gpu.dispose();
