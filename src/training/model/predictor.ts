/** Inference for one batch size and image size. */
import { Readback } from '../../engine/device/readback.js';
import { fixedTensor, type Plan, PlanBuilder } from '../../engine/plan/plan.js';
import { recordPlan } from '../../engine/plan/recordPlan.js';
import type { Tensor } from '../../engine/plan/tensor.js';
import { sigmoid, softmax } from '../../shaders/loss/loss.js';
import type { BatchShape, Labelled } from '../batch.js';
import type { CamScore, Explainer, GradcamMap } from '../inspection/explainer.js';
import type { CamInputs } from '../network.js';
import { assertFinite, describeBatch, type ModelContext } from './context.js';
import { InputStage } from './inputStage.js';
import type { JobWork } from './turns.js';

export class Predictor {
  private explainer: Explainer | undefined;

  private constructor(
    private readonly context: ModelContext,
    private readonly shape: BatchShape,
    readonly input: InputStage,
    private readonly cam: CamInputs,
    readonly plan: Plan,
    private readonly probabilities: Tensor,
    private readonly selection: Tensor,
    private readonly back: Readback,
  ) {}

  static async create(
    context: ModelContext,
    shape: BatchShape,
    affine: (batchnorm: string) => Tensor,
    work: JobWork,
  ): Promise<Predictor> {
    const { gpu, network, parameters, variants, kernels, precision } = context;
    const { count } = shape;
    const label = `predict, ${describeBatch(shape)}`;
    const { input, probabilities, selection, back } = await gpu.guarded(label, () => ({
      input: new InputStage(gpu, shape, network.inputChannels),
      probabilities: fixedTensor(gpu, 'probabilities', [count, 1, 1, network.classes]),
      selection: fixedTensor(gpu, 'class', [1, 1, 1, 1]),
      back: new Readback(gpu, count * network.classes * 4),
    }));
    try {
      const activate = network.activation === 'softmax' ? softmax : sigmoid;
      const record = (plan: PlanBuilder) => {
        const recorded = network.record(plan, parameters, input.image, { kind: 'inference', affine });
        activate(plan, network.activation, { z: recorded.logits, p: probabilities });
        return recorded.cam;
      };
      // Loaded where it is allowed.
      const matrix = precision === 'f16' ? await import('../../shaders/conv/forward/matrix.js') : null;
      const half = matrix?.FORWARD_MATRIX;
      const make = () => new PlanBuilder(gpu, label, { variants, kernels, half });
      const { builder, recorded: cam } = await recordPlan(gpu, make, record, work);
      const plan = await builder.build(work);
      return new Predictor(context, shape, input, cam, plan, probabilities, selection, back);
    } catch (error) {
      input.dispose();
      back.dispose();
      for (const t of [probabilities, selection]) gpu.destroyBuffer(t.storage.buffer!);
      throw error;
    }
  }

  /**
   * In inference images do not see each other, so a plan for more images serves fewer as well, as long as not more
   * than half of the work is spent on images that are not there.
   */
  fits({ count, height, width }: BatchShape): boolean {
    return (
      count <= this.shape.count &&
      2 * count > this.shape.count &&
      height === this.shape.height &&
      width === this.shape.width
    );
  }

  /** p[b,classes] */
  async predict(batch: Labelled, work: JobWork): Promise<Float32Array> {
    const { network } = this.context;
    const load = await this.input.loader(batch, work);
    await this.plan.runInSteps(work, load, () =>
      this.back.copy(this.probabilities.storage.buffer!, 0, batch.count * network.classes * 4),
    );
    const p = new Float32Array(await this.back.take());
    assertFinite(p, network.classes, batch.files);
    return p;
  }

  /** One map per class, for the first image of the batch. @throws as `Explainer.maps` */
  async gradcam(
    batch: Labelled,
    classes: readonly number[],
    score: CamScore,
    work: JobWork,
  ): Promise<GradcamMap[]> {
    // Loaded by the first map.
    const { Explainer } = await import('../inspection/explainer.js');
    const { context, shape, cam, probabilities, selection } = this;
    this.explainer ??= new Explainer(context, shape, { ...cam, probabilities, selection });
    return this.explainer.maps(batch, classes, { score, predict: () => this.predict(batch, work) }, work);
  }

  dispose(): void {
    const { gpu } = this.context;
    this.input.dispose();
    this.plan.dispose();
    this.back.dispose();
    this.explainer?.dispose();
    for (const t of [this.probabilities, this.selection]) gpu.destroyBuffer(t.storage.buffer!);
  }
}
