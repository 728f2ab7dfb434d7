// What a program of somebody does with chexgpu in Node, in the main thread or another: X-rays in files and in memory.
import { readFile } from 'node:fs/promises';
import { isMainThread } from 'node:worker_threads';
import { DenseNet, loadWeights, xrayBatch } from 'chexgpu';
import * as node from 'chexgpu/node';

async function predictFiles(gpu, weights) {
  const network = await node.loadNetwork(gpu, weights);
  const { labels, predictions } = await network.predictFiles(['image.png']);
  const [{ maps }] = await network.explainFiles(['image.png'], { classes: ['Mass'] });
  await network.close();
  return { labels, probabilities: [...predictions], map: [...maps[0].map] };
}

async function predictPixels(gpu, weights) {
  const { width, height, pixels } = JSON.parse(await readFile('image.json', 'utf8'));
  const loaded = await loadWeights(await readFile(weights));
  const model = await DenseNet.create(gpu, loaded);
  const image = { width, height, channels: 1, data: Uint8Array.from(pixels) };
  const batch = xrayBatch(image, undefined, 'a', loaded.preprocessing);
  const probabilities = [...(await model.predict(batch))];
  const [{ map }] = await model.gradcam(batch, ['Mass']);
  await model.dispose();
  return { labels: loaded.labels, probabilities, map: [...map] };
}

const { gpu, kind } = await node.openNodeGpu({ quiet: true });
const outcome = {
  isMainThread,
  kind,
  isOneLibrary: DenseNet === node.DenseNet,
  safetensors: await predictFiles(gpu, 'weights.safetensors'),
  h5: await predictPixels(gpu, 'weights.h5'),
  bytesLeft: gpu.allocatedBytes,
};
const boxed = await node.loadNetwork(gpu);
outcome.notice = boxed.notice;
await boxed.close();
gpu.dispose();
console.log(JSON.stringify(outcome));
