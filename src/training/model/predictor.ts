/** Inference and Grad-CAM for one batch size and image size. */
import { firstNotFinite } from '../../core/arguments.js';
import { NonFiniteError, UsageError } from '../../core/errors.js';
import { tell } from '../../core/work.js';
import { Readback } from '../../engine/device/readback.js';
import { fixedTensor, type Plan, PlanBuilder } from '../../engine/plan/plan.js';
import { recordPlan } from '../../engine/plan/recordPlan.js';
import type { Tensor } from '../../engine/plan/tensor.js';
import { sigmoid, softmax } from '../../shaders/loss/loss.js';
import type { BatchShape, Labelled } from '../batch.js';
import type { CamInputs } from '../network.js';
import { assertFinite, describeBatch, type ModelContext } from './context.js';
import { InputStage } from './inputStage.js';
import type { JobWork } from './turns.js';

/** What Grad-CAM differentiates: the probability, as the course's util.py does, or the logit. */
export type CamScore = 'sigmoid' | 'logit';

export interface GradcamMap {
  classIndex: number;
  probability: number;
  height: number;
  width: number;
  /** map[h,w] in 0..1: resized to the image, negative parts cut off, divided by its maximum. */
  map: Float32Array;
  /** True when nothing in the image speaks for the class: the map is zero everywhere (Keras draws NaN). */
  empty: boolean;
}

interface CamPlan {
  plan: Plan;
  resized: Tensor;
  back: Readback;
}

export class Predictor {
  private readonly cams = new Map<CamScore, CamPlan>();
  /** Stands in for the final batch norm where there is none. */
  private unchanged: Tensor | null = null;

  private constructor(
    private readonly context: ModelContext,
    private readonly shape: BatchShape,
    private readonly input: InputStage,
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

  /**
   * One map per class, for the first image of the batch.
   * @throws UsageError for the score `sigmoid` of a network that ends in a softmax; NonFiniteError for a map
   */
  async gradcam(
    batch: Labelled,
    classes: readonly number[],
    score: CamScore,
    work: JobWork,
  ): Promise<GradcamMap[]> {
    const { gpu, network } = this.context;
    if (score === 'sigmoid' && network.activation !== 'sigmoid') {
      throw new UsageError(
        `${network.name} ends in a ${network.activation}, so Grad-CAM has no sigmoid to differentiate.`,
        "Ask for the score 'logit'.",
      );
    }
    const { height, width } = this.shape;
    const p = await this.predict(batch, work);
    const { plan, resized, back } = await this.camPlan(score, work);
    const maps: GradcamMap[] = [];
    for (const classIndex of classes) {
      await tell(work, { phase: 'explain', done: maps.length, total: classes.length, unit: 'classes' });
      await gpu.guarded(plan.label, () => {
        gpu.device.queue.writeBuffer(this.selection.storage.buffer!, 0, new Uint32Array([classIndex]));
        plan.run();
        back.copy(resized.storage.buffer!, 0, height * width * 4);
      });
      const map = new Float32Array(await back.take());
      const bad = firstNotFinite(map);
      if (bad >= 0) {
        throw new NonFiniteError(
          `The Grad-CAM of output ${classIndex} for ${batch.files[0]} holds ${map[bad]}.`,
          'Check the weights.',
        );
      }
      const empty = !scaleToOne(map);
      maps.push({ classIndex, probability: p[classIndex], height, width, map, empty });
    }
    return maps;
  }

  private async camPlan(score: CamScore, work: JobWork): Promise<CamPlan> {
    const known = this.cams.get(score);
    if (known) return known;
    const { gpu, variants, kernels } = this.context;
    const { features: x, weights } = this.cam;
    const { height, width } = this.shape;
    const [b, h, w, c] = x.shape;
    const affine = this.cam.affine ?? (await this.identity(c));
    const { probabilities: p, selection } = this;
    // Loaded by the first map.
    const [{ gradcamMap, gradcamWeights }, { resizeBilinear }] = await Promise.all([
      import('../../shaders/gradcam/gradcam.js'),
      import('../../shaders/resize/resize.js'),
    ]);
    const record = (cam: PlanBuilder) => {
      const alpha = cam.tensor('alpha', [b, 1, 1, c]);
      const map = cam.tensor('cam', [b, h, w, 1]);
      const resized = cam.tensor('resized cam', [b, height, width, 1], true);
      gradcamWeights(cam, 'alpha', { x, affine, weights, p, selection, alpha }, { score });
      gradcamMap(cam, 'cam', { x, affine, alpha, map });
      resizeBilinear(cam, 'resize', { x: map, y: resized });
      return resized;
    };
    const make = () => new PlanBuilder(gpu, `Grad-CAM of the ${score}`, { variants, kernels });
    const { builder, recorded: resized } = await recordPlan(gpu, make, record, work);
    const plan = await builder.build(work);
    try {
      const back = await gpu.guarded(plan.label, () => new Readback(gpu, height * width * 4));
      const made = { plan, resized, back };
      this.cams.set(score, made);
      return made;
    } catch (error) {
      plan.dispose();
      throw error;
    }
  }

  /** [scale 1 | shift 0][c] */
  private async identity(c: number): Promise<Tensor> {
    const { gpu } = this.context;
    this.unchanged ??= await gpu.guarded('Grad-CAM without a batch norm', () => {
      const made = fixedTensor(gpu, 'no batch norm', [1, 1, 2, c]);
      const values = new Float32Array(2 * c).fill(1, 0, c);
      gpu.device.queue.writeBuffer(made.storage.buffer!, 0, values);
      return made;
    });
    return this.unchanged;
  }

  dispose(): void {
    const { gpu } = this.context;
    this.input.dispose();
    this.plan.dispose();
    this.back.dispose();
    for (const { plan, back } of this.cams.values()) {
      plan.dispose();
      back.dispose();
    }
    for (const t of [this.probabilities, this.selection, this.unchanged]) {
      if (t) gpu.destroyBuffer(t.storage.buffer!);
    }
  }
}

/** max(0, map) / max(map), in place; false and all zeros when nothing is positive. */
function scaleToOne(map: Float32Array): boolean {
  let peak = 0;
  for (const v of map) if (v > peak) peak = v;
  for (let i = 0; i < map.length; i++) map[i] = peak > 0 ? Math.max(0, map[i]) / peak : 0;
  return peak > 0;
}
