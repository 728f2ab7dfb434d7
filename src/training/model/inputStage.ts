/**
 * From a batch to image[b,h,w,c] on the GPU, c the network's input channels. Raw pixels travel as bytes, four
 * to a word, and are augmented and normalised by kernels; batches normalised on the CPU are uploaded as they are.
 *
 * A network of one channel reads gray images as they are, and the first channel of those with three, as
 * torchxrayvision's `load_image` does; X-rays stored as RGB have three equal ones.
 */
import { DataError } from '../../core/errors.js';
import type { Gpu } from '../../engine/device/gpu.js';
import { type Dispatch, fixedTensor, type Plan, PlanBuilder } from '../../engine/plan/plan.js';
import { recordPlan } from '../../engine/plan/recordPlan.js';
import type { Tensor } from '../../engine/plan/tensor.js';
import { normalise, samplewiseMoments } from '../../shaders/preprocess/preprocess.js';
import type { Batch, BatchShape, Normalisation, PixelBatch } from '../batch.js';
import type { ChangedInput } from './changedInput.js';
import type { JobWork } from './turns.js';

/** Buffers and plans for one batch size and image size. */
export class InputStage {
  /** image[b,h,w,c] */
  readonly image: Tensor;
  private readonly plans = new Map<string, Plan>();
  /** Pixels as they are stored, and what they are normalised by; made when the first such batch comes. */
  private stored: { pixels: Tensor; moments: Tensor } | null = null;
  /** The changes of a batch; made when the first one with any comes. */
  private table: Tensor | null = null;

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
   * @throws DataError when the batch does not fit; UsageError for changes that cannot be
   */
  async loader(batch: Batch, work?: JobWork): Promise<() => void> {
    const { count, height, width } = batch;
    if (count > this.batch || height !== this.height || width !== this.width) {
      throw new DataError(
        `A batch of ${count} images of ${width}x${height} does not fit an input of ${this.batch} of ` +
          `${this.width}x${this.height}.`,
      );
    }
    if ('x' in batch) return () => this.upload(this.image, batch.x);
    const { pixels, normalisation } = batch;
    const changed = batch.changes && (await this.changed(batch));
    const { plan, stored } = await this.preprocessing(batch, changed, work);
    return () => {
      if (changed) this.upload(this.table!, changed.table);
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

  private upload(tensor: Tensor, data: Float32Array | Uint8Array | Uint32Array): void {
    this.gpu.device.queue.writeBuffer(tensor.storage.buffer!, 0, data as Float32Array<ArrayBuffer>);
  }

  private async changed(pixels: PixelBatch): Promise<ChangedInput> {
    // A page that augments on the CPU does not load it.
    const { ChangedInput, changesTensor } = await import('./changedInput.js');
    const changed = new ChangedInput(pixels, this.batch);
    this.table ??= await this.gpu.guarded('the changes of a batch', () =>
      changesTensor(this.gpu, this.batch),
    );
    return changed;
  }

  private async preprocessing(
    { channels, normalisation }: PixelBatch,
    changed: ChangedInput | undefined,
    work: JobWork | undefined,
  ) {
    const { gpu, batch, height, width, table } = this;
    const epsilon = normalisation.kind === 'samplewise' ? normalisation.epsilon : null;
    const key = `${channels} ${epsilon} ${changed?.key}`;
    this.stored ??= await gpu.guarded('the pixels of a batch', () => ({
      pixels: fixedTensor(gpu, 'pixels', [1, 1, 1, Math.ceil((batch * height * width * 3) / 4)]),
      moments: fixedTensor(gpu, 'moments', [batch, 1, 1, 6]),
    }));
    const { stored, image } = this;
    const { pixels, moments } = stored;
    const known = this.plans.get(key);
    if (known) return { plan: known, stored };
    const record = (builder: PlanBuilder) => {
      if (changed) {
        changed.record(builder, { pixels, moments, table: table!, image }, epsilon);
        return;
      }
      if (epsilon !== null) {
        samplewiseMoments(builder, 'input', { pixels, moments }, { channels, epsilon, height, width });
      }
      normalise(builder, 'input', { pixels, moments, x: image }, { channels });
    };
    const { builder } = await recordPlan(gpu, () => new PlanBuilder(gpu, `preprocess ${key}`), record, work);
    const plan = await builder.build(work);
    this.plans.set(key, plan);
    return { plan, stored };
  }

  /** What makes images of pixels; empty until a batch of pixels came. */
  get dispatches(): readonly Dispatch[] {
    return [...this.plans.values()].flatMap((plan) => plan.dispatches);
  }

  dispose(): void {
    for (const plan of this.plans.values()) plan.dispose();
    for (const tensor of [this.image, this.stored?.pixels, this.stored?.moments, this.table]) {
      if (tensor) this.gpu.destroyBuffer(tensor.storage.buffer!);
    }
  }
}

/** mean[3], then 1/(std + epsilon)[3]. */
function momentsRow(n: Exclude<Normalisation, { kind: 'samplewise' }>): number[] {
  if (n.kind === 'none') return [0, 0, 0, 1, 1, 1];
  return [...n.mean, ...n.std.map((std) => 1 / (std + n.epsilon))];
}
