/** The toy network as the explorer has it, in Node. */
import { readFile } from 'node:fs/promises';
import { outputsOf, readWeights } from 'chexgpu';
import { preparationOf } from '../inWorker/pictures.js';
import { networkOf } from '../networks.js';

/** @param root of the repository */
export async function readToy(root = '.') {
  const network = networkOf('toy');
  const { config, title } = network;
  const read = await readWeights(await readFile(`${root}/${network.weights}`), config, title);
  const { labels } = outputsOf(read, undefined, title);
  return { network, weights: read.tensors, labels, preparation: preparationOf(read, network) };
}
