/**
 * From a batch to image[b,h,w,c] on the GPU, c the network's input channels. Raw pixels travel as bytes, four
 * to a word, and are normalised by a kernel; batches normalised on the CPU are uploaded as they are.
 *
 * A network of one channel reads gray images as they are, and the first channel of those with three, as
 * torchxrayvision's `load_image` does; X-rays stored as RGB have three equal ones.
 */
import { DataError } from '../../core/errors.js';
import type { Gpu } from '../../engine/device/gpu.js';
import { fixedTensor, type Plan, PlanBuilder } from '../../engine/plan/plan.js';
import { recordPlan } from '../../engine/plan/recordPlan.js';
import type { Tensor } from '../../engine/plan/tensor.js';
import { normalise, samplewiseMoments } from '../../shaders/preprocess/preprocess.js';
import type { Batch, BatchShape, Normalisation } from '../batch.js';

/** Buffers and plans for one batch size and image size. */
export class InputStage {
  /** image[b,h,w,c] */
  readonly image: Tensor;
  private readonly plans = new Map<string, Plan>();
  /** Pixels as they are stored, and what they are normalised by; made when the first such batch comes. */
  private stored: { pixels: Tensor; moments: Tensor } | null = null;

  private readonly batch: number;
  private readonly height: number;
  private readonly width: number;

  /**
   * To be made within `Gpu.guarded`.
   * @param channels of the network's input
   */
  constructor(
    private readonly gpu: Gpu,
    { count, height, width }: BatchShape,
    channels: number,
  ) {
    this.batch = count;
    this.height = height;
    this.width = width;
    this.image = fixedTensor(gpu, 'image', [count, height, width, channels]);
  }

  /**
   * Makes what an admitted batch of at most the stage's size needs.
   * @returns uploads it, within `Gpu.guarded`; images it does not fill keep whatever was there
   * @throws DataError when the batch does not fit
   */
  async loader(batch: Batch): Promise<() => void> {
    const { count, height, width } = batch;
    if (count > this.batch || height !== this.height || width !== this.width) {
      throw new DataError(
        `A batch of ${count} images of ${width}x${height} does not fit an input of ${this.batch} of ` +
          `${this.width}x${this.height}.`,
      );
    }
    if ('x' in batch) return () => this.upload(this.image, batch.x);
    const { pixels, channels, normalisation } = batch;
    const { plan, stored } = await this.preprocessing(channels, normalisation);
    return () => {
      // Admitted pixels have zeros behind them up to a whole word.
      this.upload(stored.pixels, new Uint8Array(pixels.buffer, 0, Math.ceil(pixels.length / 4) * 4));
      if (normalisation.kind !== 'samplewise') {
        const row = momentsRow(normalisation);
        this.upload(
          stored.moments,
          Float32Array.from({ length: 6 * this.batch }, (_, i) => row[i % 6]),
        );
      }
      plan.run();
    };
  }

  private upload(tensor: Tensor, data: Float32Array | Uint8Array): void {
    this.gpu.device.queue.writeBuffer(tensor.storage.buffer!, 0, data as Float32Array<ArrayBuffer>);
  }

  private async preprocessing(channels: 1 | 3, normalisation: Normalisation) {
    const { gpu, batch, height, width } = this;
    const epsilon = normalisation.kind === 'samplewise' ? normalisation.epsilon : null;
    const key = `${channels} ${epsilon}`;
    this.stored ??= await gpu.guarded('the pixels of a batch', () => ({
      pixels: fixedTensor(gpu, 'pixels', [1, 1, 1, Math.ceil((batch * height * width * 3) / 4)]),
      moments: fixedTensor(gpu, 'moments', [batch, 1, 1, 6]),
    }));
    const { stored, image } = this;
    const { pixels, moments } = stored;
    const known = this.plans.get(key);
    if (known) return { plan: known, stored };
    const record = (builder: PlanBuilder) => {
      if (epsilon !== null) {
        samplewiseMoments(builder, 'input', { pixels, moments }, { channels, epsilon, height, width });
      }
      normalise(builder, 'input', { pixels, moments, x: image }, { channels });
    };
    const { builder } = await recordPlan(gpu, () => new PlanBuilder(gpu, `preprocess ${key}`), record);
    const plan = await builder.build();
    this.plans.set(key, plan);
    return { plan, stored };
  }

  dispose(): void {
    for (const plan of this.plans.values()) plan.dispose();
    for (const tensor of [this.image, this.stored?.pixels, this.stored?.moments]) {
      if (tensor) this.gpu.destroyBuffer(tensor.storage.buffer!);
    }
  }
}

/** mean[3], then 1/(std + epsilon)[3]. */
function momentsRow(n: Exclude<Normalisation, { kind: 'samplewise' }>): number[] {
  if (n.kind === 'none') return [0, 0, 0, 1, 1, 1];
  return [...n.mean, ...n.std.map((std) => 1 / (std + n.epsilon))];
}
