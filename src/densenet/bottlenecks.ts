/**
 * The maps between the two convolutions of a dense layer. In training those of a block (as many as one binding holds)
 * lie side by side, so that the gradients of the 3x3 kernels that read them can share a dispatch.
 */
import { elements, imageSlice, partOf, type Storage, type Tensor } from '../engine/plan/tensor.js';
import type { Layer } from './architecture.js';
import type { Operation } from './layerGroups.js';
import { gradient, outputOf, type Pass } from './pass.js';

interface Reader {
  operation: Operation;
  tensors: { x: Tensor; affine: Tensor; dy: Tensor };
}

export class Bottlenecks {
  private group: { x: Tensor; affine: Tensor } | undefined;
  private placed = 0;
  /** Convolutions whose kernels still want their gradient, in forward order. */
  private readers: Reader[] = [];

  /** @param layers how many the block has */
  constructor(
    private readonly pass: Pass,
    private readonly layers: number,
  ) {}

  /**
   * Memory for one bottleneck and, where they lie side by side, for the affine behind it.
   * @param x what the convolution that makes it reads
   */
  place(operation: Operation, norm: Layer, x: Tensor): { y: Tensor; affine?: Tensor } {
    const { plan, training, keep } = this.pass;
    const [b, h, w] = x.shape;
    const { name, cout } = operation.layer;
    const size = training && !keep ? this.together([b, h, w, cout]) : 1;
    if (size === 1) return { y: outputOf(this.pass, operation, x) };
    const index = this.placed++ % size;
    if (index === 0 || !this.group) {
      this.group = {
        x: plan.tensor(`${name} and on`, [size * b, h, w, cout]),
        affine: plan.tensor(`${norm.name} affine and on`, [size, 1, 2, cout]),
      };
    }
    const { x: maps, affine } = this.group;
    const storage = partOf(affine.storage, index * 8 * cout, 8 * cout);
    return {
      y: imageSlice(maps, index * b, b),
      affine: { ...affine, storage, shape: [1, 1, 2, cout] },
    };
  }

  /** How many fit into one binding; affines must begin where a binding can. */
  private together(shape: readonly [number, number, number, number]): number {
    const { maxStorageBufferBindingSize, minStorageBufferOffsetAlignment } = this.pass.plan.gpu.device.limits;
    if ((8 * shape[3]) % minStorageBufferOffsetAlignment !== 0) return 1;
    const fit = Math.floor(maxStorageBufferBindingSize / (4 * elements(shape)));
    return Math.max(1, Math.min(this.layers, fit));
  }

  /** The gradient of this kernel is recorded with those of the block's other layers. */
  leaveKernel(reader: Reader): void {
    this.readers.unshift(reader);
  }

  /** Gradients of the kernels that were left, when all layers have gone back: those side by side in one dispatch. */
  kernelGradients(): void {
    const groups = new Map<Storage, Reader[]>();
    for (const reader of this.readers) {
      const { storage } = reader.tensors.x;
      groups.set(storage, [...(groups.get(storage) ?? []), reader]);
    }
    this.readers = [];
    for (const group of groups.values()) {
      const { layer, window } = group[0].operation;
      const tensors = group.map(({ operation, tensors }) => ({
        ...tensors,
        dw: gradient(this.pass, `${operation.layer.name}/kernel`),
      }));
      const label = group.length > 1 ? `${layer.name} and on` : layer.name;
      this.pass.kernels!.convBackwardWeightsOfLayers(this.pass.plan, label, tensors, window);
    }
  }
}
