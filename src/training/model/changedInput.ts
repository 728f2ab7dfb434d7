/** What becomes of the pixels of a batch that comes with changes: augmented on the GPU, then normalised there. */
import type { Gpu } from '../../engine/device/gpu.js';
import { fixedTensor, type PlanBuilder } from '../../engine/plan/plan.js';
import type { Tensor } from '../../engine/plan/tensor.js';
import { augment, type Stages, stagesOf } from '../../shaders/augment/augment.js';
import type { Changes } from '../../shaders/augment/changes.js';
import { changeTable, checkChanges, TABLE_WORDS } from '../../shaders/augment/changeTable.js';
import { momentsOf, standardise } from '../../shaders/standardise/standardise.js';
import type { PixelBatch } from '../batch.js';

/** Room for the changes of so many images; to be made within `Gpu.guarded`. */
export function changesTensor(gpu: Gpu, batch: number): Tensor {
  return fixedTensor(gpu, 'changes', [batch, 1, 1, TABLE_WORDS]);
}

export class ChangedInput {
  /** What plans of other changes differ in. */
  readonly key: string;
  readonly table: Uint32Array<ArrayBuffer>;
  private readonly stages: Stages;
  private readonly moved: Tensor['shape'];

  /**
   * @param batch images that there is room for
   * @throws UsageError for changes that make no sense (`checkChanges`)
   */
  constructor({ changes, count, height, width, channels }: PixelBatch, batch: number) {
    // Whoever asks for this has seen that there are some.
    const given = changes as Changes;
    checkChanges(given, count, { height, width });
    this.stages = stagesOf(given);
    this.key = JSON.stringify(this.stages);
    this.table = changeTable(given.images, batch, { height, width });
    this.moved = [batch, height, width, channels];
  }

  /**
   * image[b,h,w,c] from the pixels.
   * @param epsilon of the samplewise normalisation; null where the host writes the moments
   */
  record(
    plan: PlanBuilder,
    { pixels, table, moments, image }: Record<'pixels' | 'table' | 'moments' | 'image', Tensor>,
    epsilon: number | null,
  ): void {
    const moved = plan.tensor('moved pixels', this.moved);
    augment(plan, 'input', { pixels, table, y: moved }, this.stages);
    if (epsilon !== null) momentsOf(plan, 'input', { x: moved, moments }, { epsilon });
    standardise(plan, 'input', { x: moved, moments, y: image });
  }
}
