/** What batch norms apply in inference: [scale | shift] of each, from its moving averages, gamma and beta. */
import { fixedTensor, PlanBuilder } from '../../engine/plan/plan.js';
import { recordPlan } from '../../engine/plan/recordPlan.js';
import type { Tensor } from '../../engine/plan/tensor.js';
import { prepareInference } from '../../shaders/batchnorm/forward/forward.js';
import type { ModelContext } from './context.js';
import type { JobWork } from './turns.js';

export class Affines {
  /** Made by the first refresh. */
  private tensors: ReadonlyMap<string, Tensor> | null = null;
  private fresh = false;

  constructor(private readonly context: ModelContext) {}

  /** After a refresh. */
  readonly of = (batchNorm: string): Tensor => this.tensors!.get(batchNorm)!;

  /** The weights or the moving averages are about to change. */
  outdate(): void {
    this.fresh = false;
  }

  /** Computes them where they are out of date. */
  async refresh(work: JobWork): Promise<void> {
    if (this.fresh) return;
    const { gpu, network, parameters, variants, kernels } = this.context;
    this.tensors ??= await gpu.guarded('the affines', () => {
      const make = (name: string, c: number) => fixedTensor(gpu, `${name} affine`, [1, 1, 2, c]);
      return new Map(network.batchNorms.map(({ name, channels }) => [name, make(name, channels)]));
    });
    const record = (plan: PlanBuilder) => {
      for (const { name, epsilon } of network.batchNorms) {
        const moving = parameters.view('moving', `${name}/moving`);
        const gammaBeta = parameters.view('weights', `${name}/gammaBeta`);
        prepareInference(plan, name, { moving, gammaBeta, affine: this.of(name) }, { epsilon });
      }
    };
    const make = () => new PlanBuilder(gpu, 'affines', { variants, kernels });
    const { builder } = await recordPlan(gpu, make, record, work);
    const plan = await builder.build(work);
    try {
      await gpu.guarded(plan.label, () => plan.run());
    } finally {
      plan.dispose();
    }
    this.fresh = true;
  }

  dispose(): void {
    for (const { storage } of this.tensors?.values() ?? []) this.context.gpu.destroyBuffer(storage.buffer!);
  }
}
