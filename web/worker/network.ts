/** A network of a weight file, on the GPU of this worker. */
import {
  DenseNet,
  densenetConfig,
  type Gpu,
  type ImagePreparation,
  imagePreparation,
  outputsOf,
  readWeights,
  SAMPLEWISE,
} from 'chexgpu';
import type { Call } from './protocol.js';

/** The network that comes with the package: drawings taught it. */
export const SHIPPED_WEIGHTS = 'weights/phantoms-densenet121.h5';

export interface LoadedNetwork {
  readonly model: DenseNet;
  /** For people. */
  readonly name: string;
  readonly labels: readonly string[];
  readonly preparation: ImagePreparation;
  /** What the file says whoever sees a prediction is to be told; null where it says nothing. */
  readonly notice: string | null;
  /** The same network made anew, with kernels as they are known now. */
  again(): Promise<LoadedNetwork>;
}

/** The bytes at an address, with progress. @throws Error that names it where they cannot be had */
export async function fetchBytes(
  address: string,
  what: string,
  { signal, report }: Call,
): Promise<Uint8Array> {
  const response = await fetch(address, { signal });
  if (!response.ok || !response.body) throw new Error(`${address} cannot be loaded (${response.status}).`);
  const total = Number(response.headers.get('content-length') ?? 0);
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let done = 0;
  for (let reader = response.body.getReader(); ; ) {
    const { value, done: ended } = await reader.read();
    if (ended) break;
    parts.push(value);
    done += value.length;
    report(what, done, total);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/**
 * Puts the network of a weight file onto the GPU.
 * @param name what errors and the page call it
 * @throws WeightsError, OutOfMemoryError
 */
export async function loadNetwork(gpu: Gpu, bytes: Uint8Array, name: string): Promise<LoadedNetwork> {
  const read = await readWeights(bytes, densenetConfig('densenet121'), name, { recognise: true });
  const { labels } = outputsOf(read, undefined, name);
  const prepared = imagePreparation(read, null, {}, undefined, name);
  // Nobody says how pixels were normalised: then each image by itself, as the notebook trains.
  const preparation = { ...prepared, normalisation: prepared.normalisation ?? SAMPLEWISE };
  const make = async (): Promise<LoadedNetwork> => ({
    model: await DenseNet.create(gpu, { config: read.config, weights: read.tensors }),
    name,
    labels,
    preparation,
    notice: read.notice,
    again: make,
  });
  return make();
}
