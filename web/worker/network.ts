/** A network of a weight file, on the GPU of this worker. */
import {
  DenseNet,
  type Gpu,
  type ImagePreparation,
  imagePreparation,
  type LoadedWeights,
  loadWeights,
  outputsOf,
  SAMPLEWISE,
} from 'chexgpu';
import type { Call } from './protocol.js';

/** The network that comes with the package: drawings taught it. */
export const SHIPPED_WEIGHTS = 'weights/phantoms-densenet121.safetensors';

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

/** Weights from an address or a file, with progress in words. @throws WeightsError */
export function readNetwork(
  source: URL | Blob,
  name: string,
  { signal, report }: Call,
): Promise<LoadedWeights> {
  return loadWeights(source, {
    name,
    signal,
    onProgress: ({ phase, done, total = 0 }) => {
      if (phase === 'load') report('Loading the network', done, total);
      else report('Reading the network');
    },
  });
}

/**
 * Puts a network onto the GPU.
 * @param name what errors and the page call it
 * @throws WeightsError, OutOfMemoryError
 */
export async function makeNetwork(gpu: Gpu, read: LoadedWeights, name: string): Promise<LoadedNetwork> {
  const { labels } = outputsOf(read, undefined, name);
  const prepared = imagePreparation(read, null, {}, undefined, name);
  // Nobody says how pixels were normalised: then each image by itself, as the notebook trains.
  const preparation = { ...prepared, normalisation: prepared.normalisation ?? SAMPLEWISE };
  const make = async (): Promise<LoadedNetwork> => ({
    model: await DenseNet.create(gpu, { config: read.config, weights: read.weights }),
    name,
    labels,
    preparation,
    notice: read.notice,
    again: make,
  });
  return make();
}
