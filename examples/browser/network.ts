/** The network on this page's GPU, and where its weights came from. */
import {
  checkKernels,
  DenseNet,
  densenetConfig,
  type Gpu,
  initialWeights,
  openGpu,
  readWeights,
  type WeightMap,
  WeightsError,
  writeWeights,
} from 'chexgpu';

/** So few steps need moving averages that follow sooner than Keras' 0.99. */
const CONFIG = densenetConfig('densenet121', { bnMomentum: 0.9 });

/** Called with what is going on and how far it is. */
export type OnProgress = (what: string, done: number, total: number) => void;

/** What the page says of its kernels. */
export interface Checks {
  /** Different kernels that this page has used so far, checked now or before. */
  right: number;
  /** Those that gave wrong numbers; others stand in for them. */
  broken: string[];
}

export interface Network {
  readonly gpu: Gpu;
  readonly model: DenseNet;
  readonly checks: Checks;
}

const KEPT_AS = 'chexgpu checks';

/**
 * Opens the GPU and puts DenseNet121 there; kernels are checked when they are first used on this GPU.
 * @param onGpu called with the adapter as soon as it is known
 */
export async function openNetwork(
  seed: number,
  onProgress: OnProgress,
  onGpu: (gpu: Gpu) => void,
): Promise<Network> {
  const gpu = await openGpu();
  onGpu(gpu);
  const broken: string[] = [];
  const checker = checkKernels(gpu, {
    store: {
      load: () => JSON.parse(localStorage.getItem(KEPT_AS) ?? 'null') as unknown,
      save: (document) => localStorage.setItem(KEPT_AS, JSON.stringify(document)),
    },
    onProgress: (done, total, kernel) => {
      onProgress(`Checking the kernels against their CPU references: ${kernel}`, done, total);
    },
    onBroken: (kernel) => broken.push(kernel),
  });
  const model = await DenseNet.create(gpu, {
    config: CONFIG,
    seed,
    onCompile: (plan, done, total) => onProgress(`Compiling the kernels to ${plan}`, done, total),
  });
  const checks = {
    get right() {
      return [...checker.asked.values()].filter((verdict) => verdict === 'right').length;
    },
    broken,
  };
  return { gpu, model, checks };
}

export function randomWeights(seed: number): WeightMap {
  return initialWeights(CONFIG, seed);
}

/**
 * The weights of a file of any format; a head that it lacks is drawn with `seed`.
 * @returns `scaled`: whether the file says how its pixels are scaled, which this page does in its own way
 * @throws WeightsError
 */
export async function weightsFrom(
  file: File,
  seed: number,
): Promise<{ weights: WeightMap; tensors: number; head: boolean; scaled: boolean }> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const { tensors, report, config, preprocessing } = await readWeights(bytes, CONFIG, file.name);
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
  return { weights, tensors: report.tensorCount, head: report.head, scaled: preprocessing !== null };
}

/** Those that come with the package, beside the page. */
const SHIPPED = 'weights/phantoms-densenet121.h5';

/**
 * The weights that drawn X-rays taught.
 * @returns with the side of the images that they were trained on, and what whoever sees a prediction is to be told
 * @throws Error where the page was served without them; WeightsError
 */
export async function shippedWeights(): Promise<{
  weights: WeightMap;
  size: number;
  notice: string;
}> {
  const response = await fetch(SHIPPED);
  if (!response.ok) throw new Error(`${SHIPPED} is not there (${response.status})`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const { tensors, preprocessing, notice } = await readWeights(bytes, CONFIG, SHIPPED);
  return { weights: tensors, size: preprocessing?.size ?? 224, notice: notice ?? '' };
}

/** The network's weights as the bytes of a Keras 2 `save_weights` file. */
export async function kerasFile(model: DenseNet): Promise<Blob> {
  const bytes = await writeWeights('keras2', await model.exportWeights(), CONFIG);
  return new Blob([bytes as Uint8Array<ArrayBuffer>], { type: 'application/x-hdf5' });
}
