/**
 * From a batch to image[b,h,w,3] on the GPU. Raw pixels travel as bytes, four to a word, and are
 * normalised by a kernel; batches normalised on the CPU are uploaded as they are.
 */
import { DataError } from '../engine/errors.js';
import type { Gpu } from '../engine/gpu.js';
import { fixedTensor, type Plan, PlanBuilder } from '../engine/plan.js';
import type { Tensor } from '../engine/tensor.js';
import { normalise, samplewiseMoments } from '../shaders/preprocess/preprocess.js';
import type { Batch, Normalisation } from './batch.js';

/** Buffers and plans for one batch size and image size. */
export class InputStage {
  /** image[b,h,w,3] */
  readonly image: Tensor;
  private readonly plans = new Map<string, Plan>();
  private readonly owned: Tensor[] = [];
  private pixels: Tensor | null = null;
  private moments: Tensor | null = null;

  constructor(
    private readonly gpu: Gpu,
    private readonly batch: number,
    private readonly height: number,
    private readonly width: number,
  ) {
    this.image = fixedTensor(gpu, 'image', [batch, height, width, 3]);
    this.owned.push(this.image);
  }

  /**
   * Uploads a batch of at most the stage's size; images it does not fill keep whatever was there.
   * @throws DataError when the batch does not fit, or holds values that are not finite
   */
  async load(batch: Batch): Promise<void> {
    const { count, height, width } = batch;
    if (count < 1 || count > this.batch || height !== this.height || width !== this.width) {
      throw new DataError(
        `A batch of ${count} images of ${width}x${height} does not fit an input of ${this.batch} of ${this.width}x${this.height}.`,
      );
    }
    if ('x' in batch) {
      expectLength('x', batch.x, count * height * width * 3);
      const bad = batch.x.findIndex((v) => !Number.isFinite(v));
      if (bad >= 0) {
        const file = batch.files[Math.floor(bad / (height * width * 3))] ?? 'the batch';
        throw new DataError(`A pixel of ${file} is ${batch.x[bad]} after normalisation.`);
      }
      this.upload(this.image, batch.x);
      return;
    }
    expectLength('pixels', batch.pixels, count * height * width * batch.channels);
    const plan = await this.plan(batch.channels, batch.normalisation);
    const words = new Uint8Array(Math.ceil(batch.pixels.length / 4) * 4);
    words.set(batch.pixels);
    this.upload(this.pixels!, words);
    if (batch.normalisation.kind !== 'samplewise') {
      const row = momentsRow(batch.normalisation);
      this.upload(
        this.moments!,
        Float32Array.from({ length: 6 * this.batch }, (_, i) => row[i % 6]),
      );
    }
    plan.run();
  }

  private upload(tensor: Tensor, data: Float32Array | Uint8Array): void {
    this.gpu.device.queue.writeBuffer(tensor.storage.buffer!, 0, data as Float32Array<ArrayBuffer>);
  }

  private async plan(channels: 1 | 3, normalisation: Normalisation): Promise<Plan> {
    const { gpu, batch, height, width } = this;
    const epsilon = normalisation.kind === 'samplewise' ? normalisation.epsilon : null;
    const key = `${channels} ${epsilon}`;
    let plan = this.plans.get(key);
    if (plan) return plan;
    if (!this.pixels || !this.moments) {
      this.pixels = fixedTensor(gpu, 'pixels', [1, 1, 1, Math.ceil((batch * height * width * 3) / 4)]);
      this.moments = fixedTensor(gpu, 'moments', [batch, 1, 1, 6]);
      this.owned.push(this.pixels, this.moments);
    }
    const { pixels, moments, image } = this;
    const builder = new PlanBuilder(gpu, `preprocess ${key}`);
    if (epsilon !== null) {
      samplewiseMoments(builder, 'input', { pixels, moments }, { channels, epsilon, height, width });
    }
    normalise(builder, 'input', { pixels, moments, x: image }, { channels });
    plan = await builder.build();
    this.plans.set(key, plan);
    return plan;
  }

  dispose(): void {
    for (const plan of this.plans.values()) plan.dispose();
    for (const tensor of this.owned) this.gpu.destroyBuffer(tensor.storage.buffer!);
  }
}

/** mean[3], then 1/(std + epsilon)[3]. */
function momentsRow(n: Exclude<Normalisation, { kind: 'samplewise' }>): number[] {
  if (n.kind === 'none') return [0, 0, 0, 1, 1, 1];
  return [...n.mean, ...n.std.map((std) => 1 / (std + n.epsilon))];
}

function expectLength(name: string, data: ArrayLike<number>, length: number): void {
  if (data.length !== length) {
    throw new DataError(`The batch's ${name} holds ${data.length} values where ${length} were expected.`);
  }
}
