/**
 * The gradients of the maps of a recorded training pass. The pass stores those of convolutions, pools and logits; those
 * behind and in front of a ReLU, and what each reader of a concatenation adds to its gradient, it makes and adds up
 * within its kernels: here they are made of what is stored, by the engine's own kernels.
 */
import type { PlanBuilder } from '../../engine/plan/plan.js';
import type { Tensor } from '../../engine/plan/tensor.js';
import type { BatchNormSpec, NetworkLayer, TrainingKernels } from '../network.js';
import type { LayerMaps } from './layerMaps.js';
import { derived, type Source, stored } from './source.js';

export class LayerGradients {
  private readonly epsilons: ReadonlyMap<string, number>;
  private readonly known = new Map<string, Source | null>();

  /** @param dlogits gradient of the map of the last layer */
  constructor(
    private readonly maps: LayerMaps,
    private readonly kernels: TrainingKernels,
    norms: readonly BatchNormSpec[],
    private readonly dlogits: Tensor,
  ) {
    this.epsilons = new Map(norms.map(({ name, epsilon }) => [name, epsilon]));
  }

  /** Gradient of the loss with respect to a layer's map; null where the pass does not go so far, or adds it up. */
  of(name: string): Source | null {
    let source = this.known.get(name);
    if (source === undefined) {
      const layer = this.maps.layer(name);
      source = this.kept(layer) ?? this.fromReader(layer);
      this.known.set(name, source);
    }
    return source;
  }

  /** What a batch norm, a ReLU or a convolution alone passes on to the map it reads. */
  through(name: string): Source | null {
    const layer = this.maps.layer(name);
    const behind = this.of(name);
    if (!behind) return null;
    const x = this.maps.of(this.maps.input(layer).name);
    const label = `${name} input gradient`;
    if (layer.kind === 'conv') {
      return derived(label, x.shape, (plan, dx) =>
        this.backward(plan, layer, { dy: behind.record(plan), dx }),
      );
    }
    if (layer.kind === 'relu') {
      return derived(label, x.shape, (plan, dx) =>
        this.kernels.reluBackward(
          plan,
          name,
          { x: x.record(plan), dy: behind.record(plan), dx },
          { accumulate: false },
        ),
      );
    }
    return derived(label, x.shape, (plan, dx) => this.normBackward(plan, layer, dx));
  }

  /** Whether other layers read the same map, so that gradients add up there. */
  shares(layer: NetworkLayer): boolean {
    const front = this.maps.input(layer);
    return front.kind === 'concat' || this.maps.readers(front.name).length > 1;
  }

  /** Where the pass itself has it. */
  private kept({ name, kind }: NetworkLayer): Source | null {
    const { trace } = this.maps;
    if (kind === 'dense') return stored(this.dlogits);
    const [, side] = this.maps.of(name).shape;
    // A pool that the pass puts in front of a convolution has the gradient of what that gives.
    const labels = kind === 'avgpool' ? [name, this.maps.input(this.maps.layer(name)).name] : [name];
    const reading = trace.dispatches.findLast(
      ({ label, tensors: { dy } }) => labels.includes(label) && dy?.shape[1] === side,
    );
    if (reading) return stored(reading.tensors.dy);
    // A batch norm without a ReLU.
    const norm = trace.dispatches.findLast(
      ({ kernel, label, constants }) =>
        kernel.op === 'batchnorm.reluBackwardAndSums' && label === name && constants?.RELU === 0,
    );
    return norm && kind === 'batchnorm' ? stored(norm.tensors.da) : null;
  }

  /** From the gradient of the only layer that reads it. */
  private fromReader({ name, kind }: NetworkLayer): Source | null {
    const [reader, ...others] = this.maps.readers(name);
    if (!reader || others.length > 0) return null;
    const { trace } = this.maps;
    if (reader.kind === 'maxpool') return found(trace.of('pool.maxBackward', reader.name)?.dx);
    if (reader.kind === 'dense') return found(trace.of('dense.backwardData', reader.name)?.dx);
    const alone = reader.kind === 'relu' && kind !== 'batchnorm';
    if (alone || reader.kind === 'batchnorm') return this.through(reader.name);
    const dy = this.of(reader.name);
    if (!dy || reader.kind === 'concat') return null;
    const { shape } = this.maps.of(name);
    return derived(`${name} gradient`, shape, (plan, dx) =>
      this.backward(plan, reader, { dy: dy.record(plan), dx }),
    );
  }

  /** Back through a layer. */
  private backward(plan: PlanBuilder, layer: NetworkLayer, { dy, dx }: { dy: Tensor; dx: Tensor }): void {
    const { name, kind } = layer;
    const window = this.maps.window(layer);
    if (kind === 'conv') {
      this.kernels.convBackwardData(plan, name, { dy, weights: this.maps.kernel(name), dx }, window);
    } else if (kind === 'avgpool') this.kernels.averagePoolBackward(plan, name, { dy, dx }, window);
    else if (kind === 'gap') this.kernels.globalAveragePoolBackward(plan, name, { dy, dx });
    else this.reluOfNorm(plan, this.maps.input(layer), { da: dy, dx });
  }

  /** From behind the ReLU of a batch norm to in front of it. @returns the sums that the batch norm takes off */
  private reluOfNorm(
    plan: PlanBuilder,
    { name }: NetworkLayer,
    { da, dx }: { da: Tensor; dx: Tensor },
  ): Tensor {
    const { x, affine, stats } = this.maps.norm(name);
    const tensors = { x: x.record(plan), affine, stats, da, dx };
    const options = { epsilon: this.epsilons.get(name)!, mode: 'gradient' } as const;
    return this.kernels.reluBackwardAndSums(plan, name, tensors, options);
  }

  /** From behind a batch norm's ReLU to the map that it reads. */
  private normBackward(plan: PlanBuilder, layer: NetworkLayer, dx: Tensor): void {
    const { name, cout } = layer;
    const { x, affine, stats, fixed } = this.maps.norm(name);
    const tensors = { x: x.record(plan), affine, stats };
    const epsilon = this.epsilons.get(name)!;
    const [relu] = this.maps.readers(name);
    const isOpen = relu.kind !== 'relu' || this.maps.of(name).stored !== undefined;
    const da = this.of(isOpen ? name : relu.name)!.record(plan);
    if (fixed) {
      const options = { epsilon, mode: 'scaled', relu: !isOpen } as const;
      this.kernels.reluBackwardAndSums(plan, name, { ...tensors, da, dx }, options);
      return;
    }
    const dz = plan.tensor(`${name} gradient`, dx.shape);
    const options = { epsilon, mode: 'gradient', relu: !isOpen } as const;
    const parts = this.kernels.reluBackwardAndSums(plan, name, { ...tensors, da, dx: dz }, options);
    const dgammaBeta = plan.tensor(`${name} sums`, [1, 1, 2, cout]);
    this.kernels.backwardApply(plan, name, { ...tensors, dz, parts, dgammaBeta, dx }, { epsilon });
  }
}

const found = (tensor: Tensor | undefined): Source | null => (tensor ? stored(tensor) : null);
