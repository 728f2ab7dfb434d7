/**
 * A dense block is one buffer x[b,h,w,C]: layer i reads channels [0,c) and writes [c,c+growthRate), so a concatenation
 * costs nothing. Its batch norms share the statistics of its channels.
 *
 * Backward it has one gradient buffer G[b,h,w,C], laid out alike, in which all readers of the block gather what they
 * pass on: first the last one (transition or head), which overwrites all of it, then the layers, last to first, which
 * add to the channels [0,c) they read. What batch norm's means take off is taken off once per channel, when its
 * last reader is done (batchnorm.backwardFinalise): for the channels that the layer before made, which then goes
 * backward from them, and at the end for channels [0,C0), the gradient of the block's input.
 */
import { channelSlice, type Tensor } from '../engine/plan/tensor.js';
import { backwardFinalise, type Parts, reluBackwardAndSums } from '../shaders/batchnorm/batchnorm.js';
import { convBackwardThroughNorm } from '../shaders/conv/conv.js';
import type { Layer } from './architecture.js';
import { Bottlenecks } from './bottlenecks.js';
import type { LayerGroup, Operation } from './layerGroups.js';
import { newStats, type RecordedNorm, recordNorm, statisticsOf, tensorsOf } from './norm.js';
import { gradient, kernelOf, type Pass, tensorLike } from './pass.js';

/** What a block is made for. */
export interface BlockPlan {
  /** The block's layers, in order. */
  layers: readonly LayerGroup[];
  images: number;
  height: number;
  width: number;
  /** Its features are to be held until the end. */
  keep: boolean;
}

/** The channels of a block as they are made, and their gradient. */
export class Block {
  protected readonly label: string;
  /** x[b,h,w,C]: the block's input and, behind it, what its layers append. */
  readonly features: Tensor;
  /** Channels that are there, and where those made last begin. */
  protected channels = 0;
  protected lastFrom = 0;
  /** Channels of the block's input. */
  private readonly inputChannels: number;
  /** G[b,h,w,C], from `openGradient` on. */
  private g: Tensor | undefined;

  constructor(
    protected readonly pass: Pass,
    { layers, images, height, width, keep }: BlockPlan,
  ) {
    const concats = layers.map((operations) => operations[operations.length - 1].layer);
    const { stage, cout } = concats[concats.length - 1];
    this.label = `block${stage}`;
    this.inputChannels = concats[0].cin;
    this.features = pass.plan.tensor(this.label, [images, height, width, cout], keep);
  }

  /** The channels that are there, [0,c). */
  get present(): Tensor {
    return channelSlice(this.features, 0, this.channels);
  }

  /** The channels that a layer is about to make, [c,c+its own). */
  next({ cout }: Layer): Tensor {
    return channelSlice(this.features, this.channels, cout);
  }

  /** The next channels are there now: x is `next`. */
  protected add({ shape }: Tensor): void {
    this.lastFrom = this.channels;
    this.channels += shape[3];
  }

  /** Begins the backward pass: G, to be overwritten by the last reader. */
  openGradient(): Tensor {
    this.g = tensorLike(this.pass, `${this.label} gradient`, this.features);
    return this.g;
  }

  /** The part of G that belongs to channels x of the features. */
  gradientOf({ channelOffset, shape }: Tensor): Tensor {
    return channelSlice(this.g!, channelOffset, shape[3]);
  }

  /** Gradient of the block's input, when all its layers have gone back. */
  endGradient(): Tensor {
    return channelSlice(this.g!, 0, this.inputChannels);
  }
}

/** A batch norm that reads the channels [0,c) of a block. */
export interface BlockNorm extends RecordedNorm {
  /** No later reader has the channels [done,c): backward they have no reader left after this one. */
  readonly done: number;
}

/** A block with a batch norm in front of every layer. */
export class NormedBlock extends Block {
  readonly bottlenecks: Bottlenecks;
  /** [mean | variance] of every channel, in training. */
  private readonly stats: Tensor | undefined;
  /** Of the channels made last; the next batch norm joins them to `stats`. */
  private fresh: Parts | undefined;
  /** Sums of the readers that have gone back, per channel. */
  private sums: Tensor | undefined;

  constructor(pass: Pass, blockPlan: BlockPlan) {
    super(pass, blockPlan);
    this.stats = newStats(pass, this.label, this.features.shape[3]);
    this.bottlenecks = new Bottlenecks(pass, blockPlan.layers.length);
  }

  /** The channels x, of `next`, are written. @param counted statistics of x, where its producer counted them */
  produced(x: Tensor, counted?: Parts): void {
    this.fresh = statisticsOf(this.pass, this.label, x, counted);
    this.add(x);
  }

  /** A batch norm that reads all channels that are there. */
  norm(layer: Layer): BlockNorm {
    const { present: x, fresh, lastFrom: done } = this;
    const stats = this.stats && channelSlice(this.stats, 0, this.channels);
    return { ...recordNorm(this.pass, layer, x, { stats, fresh }), done };
  }

  /**
   * Back through the last reader, a batch norm with averages behind its ReLU; it overwrites all of G.
   * @param da gradient of those averages
   */
  lastReaderBackward(norm: BlockNorm, da: Tensor): void {
    const { plan, config } = this.pass;
    const g = this.openGradient();
    this.sums = plan.tensor(`${this.label} sums`, [1, 1, 2, g.shape[3]]);
    const options = { epsilon: config.bnEpsilon, mode: 'scaled' } as const;
    const slices = reluBackwardAndSums(plan, norm.name, { ...tensorsOf(norm), da, dx: g }, options);
    this.finalise(norm, slices, { first: true });
  }

  /** Back through a convolution that reads the block through a batch norm; adds to G. */
  readerBackward(operation: Operation, norm: BlockNorm, dy: Tensor): void {
    const { plan, config } = this.pass;
    const { layer, window } = operation;
    const weights = kernelOf(this.pass, operation);
    const tensors = { dy, weights, norm: tensorsOf(norm), dx: this.gradientOf(norm.x) };
    const options = { epsilon: config.bnEpsilon, mode: 'gathered' } as const;
    const slices = convBackwardThroughNorm(plan, layer.name, tensors, window, options);
    this.finalise(norm, slices, { first: false });
  }

  private finalise(norm: BlockNorm, slices: Tensor, { first }: { first: boolean }): void {
    const { plan, config } = this.pass;
    const dgammaBeta = gradient(this.pass, `${norm.name}/gammaBeta`);
    const g = this.gradientOf(norm.x);
    const tensors = { ...tensorsOf(norm), parts: slices, sums: this.sums!, dgammaBeta, g };
    backwardFinalise(plan, norm.name, tensors, { epsilon: config.bnEpsilon, done: norm.done, first });
  }

  override endGradient(): Tensor {
    this.bottlenecks.kernelGradients();
    return super.endGradient();
  }
}
