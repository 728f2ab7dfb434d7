/** Grad-CAM for one batch size and image size: loaded by a predictor's first map. */
import { firstNotFinite } from '../../core/arguments.js';
import { NonFiniteError, UsageError } from '../../core/errors.js';
import { tell } from '../../core/work.js';
import { Readback } from '../../engine/device/readback.js';
import { fixedTensor, type Plan, PlanBuilder } from '../../engine/plan/plan.js';
import { recordPlan } from '../../engine/plan/recordPlan.js';
import type { Tensor } from '../../engine/plan/tensor.js';
import { gradcamMap, gradcamWeights } from '../../shaders/gradcam/gradcam.js';
import { resizeBilinear } from '../../shaders/resize/resize.js';
import type { BatchShape, Labelled } from '../batch.js';
import type { ModelContext } from '../model/context.js';
import type { JobWork } from '../model/turns.js';
import type { CamInputs } from '../network.js';

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

/** What a predictor leaves behind, and Grad-CAM reads. */
interface Predicted extends CamInputs {
  readonly probabilities: Tensor;
  /** Number of the class that is explained. */
  readonly selection: Tensor;
}

export class Explainer {
  private readonly cams = new Map<CamScore, CamPlan>();
  /** Stands in for the final batch norm where there is none. */
  private unchanged: Tensor | null = null;

  constructor(
    private readonly context: ModelContext,
    private readonly shape: BatchShape,
    private readonly read: Predicted,
  ) {}

  /**
   * One map per class, for the first image of the batch.
   * @throws UsageError for the score `sigmoid` of a network that ends in a softmax; NonFiniteError for a map
   */
  async maps(
    batch: Labelled,
    classes: readonly number[],
    { score, predict }: { score: CamScore; predict: () => Promise<Float32Array> },
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
    const p = await predict();
    const { plan, resized, back } = await this.camPlan(score, work);
    const maps: GradcamMap[] = [];
    for (const classIndex of classes) {
      await tell(work, { phase: 'explain', done: maps.length, total: classes.length, unit: 'classes' });
      await gpu.guarded(plan.label, () => {
        gpu.device.queue.writeBuffer(this.read.selection.storage.buffer!, 0, new Uint32Array([classIndex]));
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
    const { features: x, weights, probabilities: p, selection } = this.read;
    const { height, width } = this.shape;
    const [b, h, w, c] = x.shape;
    const affine = this.read.affine ?? (await this.identity(c));
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
    for (const { plan, back } of this.cams.values()) {
      plan.dispose();
      back.dispose();
    }
    if (this.unchanged) this.context.gpu.destroyBuffer(this.unchanged.storage.buffer!);
  }
}

/** max(0, map) / max(map), in place; false and all zeros when nothing is positive. */
function scaleToOne(map: Float32Array): boolean {
  let peak = 0;
  for (const v of map) if (v > peak) peak = v;
  for (let i = 0; i < map.length; i++) map[i] = peak > 0 ? Math.max(0, map[i]) / peak : 0;
  return peak > 0;
}
