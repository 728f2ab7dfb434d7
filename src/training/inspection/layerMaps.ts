/**
 * What each layer of a network gives, found in a recorded pass by the layer's name. What the pass stores is taken from
 * there. Batch norms and ReLUs that its convolutions apply while they read, and a convolution in front of a pool that
 * the pass puts behind it, it never stores: they are made of what is stored, by the engine's own kernels.
 */
import type { Tensor } from '../../engine/plan/tensor.js';
import { type ConvShape, convForward, outputSide } from '../../shaders/conv/conv.js';
import { pointwise } from '../../shaders/pointwise/pointwise.js';
import type { Parameters } from '../model/parameters.js';
import type { NetworkLayer } from '../network.js';
import { derived, type Source, stored } from './source.js';
import type { Trace } from './trace.js';

/** A batch norm as recorded. */
export interface PassedNorm {
  /** What it read. */
  x: Source;
  /** [scale | shift][c] */
  affine: Tensor;
  /** [mean | variance][c] behind the affine: of the batch, or moving. */
  stats: Tensor;
  /** The statistics are moving averages. */
  fixed: boolean;
}

export class LayerMaps {
  private readonly byName: ReadonlyMap<string, NetworkLayer>;
  private readonly known = new Map<string, Source>();

  /** @param image what the pass read */
  constructor(
    readonly layers: readonly NetworkLayer[],
    readonly trace: Trace,
    private readonly parameters: Parameters,
    private readonly image: Tensor,
  ) {
    this.byName = new Map(layers.map((layer) => [layer.name, layer]));
  }

  layer(name: string): NetworkLayer {
    return this.byName.get(name)!;
  }

  /** The layer whose map a layer reads: padding belongs to who reads it. */
  input({ inputs: [name] }: NetworkLayer): NetworkLayer {
    const layer = this.layer(name);
    return layer.kind === 'zeropad' ? this.input(layer) : layer;
  }

  /** Layers that read the map of this one. */
  readers(name: string): NetworkLayer[] {
    const found = this.layers.filter(({ inputs }) => inputs.includes(name));
    return found.flatMap((layer) => (layer.kind === 'zeropad' ? this.readers(layer.name) : [layer]));
  }

  /** The layers that add to the gradient of a map which concatenations pass on to them. */
  addends(name: string): string[] {
    const found = this.readers(name).flatMap((reader) =>
      reader.kind === 'concat' ? this.addends(reader.name) : [reader.name],
    );
    return [...new Set(found)];
  }

  window(layer: NetworkLayer): ConvShape {
    const front = this.layer(layer.inputs[0]);
    const { kernel, stride, pad } = layer;
    return { kernel, stride, pad: pad + (front.kind === 'zeropad' ? front.pad : 0) };
  }

  kernel(name: string): Tensor {
    return this.parameters.view('weights', `${name}/kernel`);
  }

  norm(name: string): PassedNorm {
    const x = this.of(this.input(this.layer(name)).name);
    const batch = this.trace.of('batchnorm.prepareTraining', name);
    if (batch) return { x, affine: batch.affine, stats: batch.stats, fixed: false };
    const { affine, moving } = this.trace.need('batchnorm.prepareInference', name);
    return { x, affine, stats: moving, fixed: true };
  }

  /** The map of a layer. */
  of(name: string): Source {
    let source = this.known.get(name);
    if (!source) {
      source = this.find(this.layer(name));
      this.known.set(name, source);
    }
    return source;
  }

  private find(layer: NetworkLayer): Source {
    const { name, kind } = layer;
    switch (kind) {
      case 'input':
        return stored(this.image);
      case 'conv':
        return this.convolution(layer);
      case 'batchnorm':
      case 'relu':
        return this.activation(layer);
      case 'avgpool':
        return this.averages(layer);
      case 'concat':
        return this.concatenation(layer);
      case 'maxpool':
        return stored(this.trace.need('pool.maxForward', name).y);
      case 'gap':
        return stored(this.trace.need('pool.globalForward', name).y);
      case 'dense':
        return stored(this.trace.need('dense.forward', name).y);
      case 'zeropad':
        return this.of(this.input(layer).name);
    }
  }

  private convolution(layer: NetworkLayer): Source {
    const { name, cout } = layer;
    const x = this.of(this.input(layer).name);
    const window = this.window(layer);
    const [b, h, w] = x.shape;
    const shape = [b, outputSide(h, window), outputSide(w, window), cout] as const;
    const { y } = this.trace.need('conv.forward', name);
    if (y.shape[1] === shape[1]) return stored(y);
    const weights = this.kernel(name);
    return derived(name, shape, (plan, map) =>
      convForward(plan, name, { x: x.record(plan), weights, y: map }, window),
    );
  }

  private activation(layer: NetworkLayer): Source {
    const { name, kind } = layer;
    const own = this.trace.of('pointwise.apply', name);
    if (own) return stored(own.y);
    const front = this.input(layer);
    const isNorm = kind === 'batchnorm';
    // A ReLU behind a batch norm is applied with it.
    const of = isNorm ? name : front.kind === 'batchnorm' && !this.of(front.name).stored ? front.name : null;
    const { x, affine } = of === null ? { x: this.of(front.name), affine: undefined } : this.norm(of);
    return derived(name, x.shape, (plan, y) =>
      pointwise(plan, name, { x: x.record(plan), affine, y }, { relu: !isNorm }),
    );
  }

  private averages(layer: NetworkLayer): Source {
    const { name } = layer;
    const front = this.input(layer);
    // The pass pooled before it convolved: its last map is this one.
    if (front.kind === 'conv' && !this.of(front.name).stored) {
      return stored(this.trace.need('conv.forward', front.name).y);
    }
    return stored(this.trace.need('pool.averageForward', name).y);
  }

  /** The first channels of the block's buffer, up to those that were appended last. */
  private concatenation({ name, inputs, cout }: NetworkLayer): Source {
    const { y } = this.trace.of('pointwise.apply', name) ?? this.trace.need('conv.forward', inputs[1]);
    const [b, h, w, appended] = y.shape;
    return stored({ ...y, shape: [b, h, w, cout], channelOffset: y.channelOffset + appended - cout });
  }
}
