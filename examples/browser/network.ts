/** The network on this page's GPU, and where its weights came from. */
import {
  type CheckResult,
  DenseNet,
  densenetConfig,
  type Gpu,
  initialWeights,
  openGpu,
  readKerasHdf5,
  selfTest,
  type WeightMap,
  WeightsError,
  writeKerasHdf5,
} from 'chexgpu';

/** So few steps need moving averages that follow sooner than Keras' 0.99. */
const CONFIG = densenetConfig('densenet121', { bnMomentum: 0.9 });

/** Called with what is going on and how far it is. */
export type OnProgress = (what: string, done: number, total: number) => void;

export interface Network {
  readonly gpu: Gpu;
  readonly model: DenseNet;
  readonly selfTest: readonly CheckResult[];
}

/**
 * Opens the GPU, checks every kernel on it and puts DenseNet121 there.
 * @param onGpu called with the adapter as soon as it is known
 */
export async function openNetwork(
  seed: number,
  onProgress: OnProgress,
  onGpu: (gpu: Gpu) => void,
): Promise<Network> {
  const gpu = await openGpu();
  onGpu(gpu);
  const results = await selfTest(gpu, {
    likelyOnly: true,
    onProgress: (done, total) => onProgress('Checking the kernels against their CPU references', done, total),
  });
  const model = await DenseNet.create(gpu, {
    config: CONFIG,
    seed,
    onCompile: (plan, done, total) => onProgress(`Compiling the kernels to ${plan}`, done, total),
  });
  return { gpu, model, selfTest: results };
}

export function randomWeights(seed: number): WeightMap {
  return initialWeights(CONFIG, seed);
}

/** The weights of a Keras .h5 file; a head that it lacks is drawn with `seed`. @throws WeightsError */
export async function weightsFrom(
  file: File,
  seed: number,
): Promise<{ weights: WeightMap; tensors: number; head: boolean }> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const { tensors, report, config } = await readKerasHdf5(bytes, CONFIG, file.name);
  // The network is on the GPU already; a file that says it is built otherwise would give other numbers there.
  for (const field of ['inputChannels', 'classes', 'activation', 'bnEpsilon'] as const) {
    if (
      config[field] !== CONFIG[field] &&
      (report.head || field === 'inputChannels' || field === 'bnEpsilon')
    ) {
      throw new WeightsError(
        `${file.name} has ${field} ${config[field]}, the network here ${CONFIG[field]}.`,
      );
    }
  }
  const weights = report.head ? tensors : new Map([...randomWeights(seed), ...tensors]);
  return { weights, tensors: report.tensorCount, head: report.head };
}

/** The network's weights as the bytes of a Keras 2 `save_weights` file. */
export async function kerasFile(model: DenseNet): Promise<Blob> {
  const bytes = await writeKerasHdf5(await model.exportWeights(), CONFIG);
  return new Blob([bytes as Uint8Array<ArrayBuffer>], { type: 'application/x-hdf5' });
}
