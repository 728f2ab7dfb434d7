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
import type { Parts } from '../shaders/batchnorm/batchnorm.js';
import type { Layer } from './architecture.js';
import { Bottlenecks } from './bottlenecks.js';
import type { LayerGroup, Operation } from './layerGroups.js';
import { newStats, type RecordedNorm, recordNorm, tensorsOf } from './norm.js';
import { kernelOf, normGradient, type Pass, tensorLike } from './pass.js';

/** What a block is made for. */
export interface BlockPlan {
  /** The block's layers, in order. */
  layers: readonly LayerGroup[];
  /** The transition or head behind them. */
  reader: LayerGroup;
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

  /** Its layers have gone back, as far as anything learns. */
  endLayers(): void {}

  /** Gradient of the block's input, when all its layers have gone back. */
  endGradient(): Tensor {
    this.endLayers();
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
  /** Whether a batch norm goes by statistics of its channels. */
  readonly counts: boolean;
  /** [mean | variance] of every channel, where it counts. */
  private readonly stats: Tensor | undefined;
  /** Of the channels made last, where their producer counted them. */
  private counted: Parts | undefined;
  /** Channels whose statistics are in `stats`: the next batch norm that goes by them joins those of the others. */
  private joined = 0;
  /** Sums of the readers that have gone back and go by statistics, per channel; whether there are any. */
  private sums: Tensor | undefined;
  private summed = false;

  constructor(pass: Pass, blockPlan: BlockPlan) {
    super(pass, blockPlan);
    const norms = [...blockPlan.layers, blockPlan.reader].map(([{ norm }]) => norm!.name);
    this.counts = norms.some((name) => pass.learning.usesBatch(name));
    this.stats = this.counts ? newStats(pass, this.label, this.features.shape[3]) : undefined;
    this.bottlenecks = new Bottlenecks(pass, blockPlan.layers.length);
  }

  /** The channels x, of `next`, are written. @param counted statistics of x, where its producer counted them */
  produced(x: Tensor, counted?: Parts): void {
    this.counted = counted;
    this.add(x);
  }

  /** A batch norm that reads all channels that are there. */
  norm(layer: Layer): BlockNorm {
    const { present: x, lastFrom: done } = this;
    if (!this.pass.learning.usesBatch(layer.name)) return { ...recordNorm(this.pass, layer, x, {}), done };
    const stats = this.presentStats;
    return { ...recordNorm(this.pass, layer, x, { stats, fresh: this.join() }), done };
  }

  private get presentStats(): Tensor | undefined {
    return this.stats && channelSlice(this.stats, 0, this.channels);
  }

  /** Statistics of the channels that have none yet. */
  private join(): Parts {
    const { pass, label, features, channels, joined, lastFrom } = this;
    this.joined = channels;
    const x = channelSlice(features, joined, channels - joined);
    return (joined === lastFrom && this.counted) || pass.kernels!.batchStatistics(pass.plan, label, x);
  }

  /**
   * Back through the last reader, a batch norm with averages behind its ReLU; it overwrites all of G.
   * @param da gradient of those averages
   */
  lastReaderBackward(norm: BlockNorm, da: Tensor): void {
    const { plan, config } = this.pass;
    const g = this.openGradient();
    if (this.counts) this.sums = plan.tensor(`${this.label} sums`, [1, 1, 2, g.shape[3]]);
    const options = { epsilon: config.bnEpsilon, mode: 'scaled' } as const;
    const slices = this.pass.kernels!.reluBackwardAndSums(
      plan,
      norm.name,
      { ...tensorsOf(norm), da, dx: g },
      options,
    );
    this.finalise(norm, slices);
  }

  /** Back through a convolution that reads the block through a batch norm; adds to G. */
  readerBackward(operation: Operation, norm: BlockNorm, dy: Tensor): void {
    const { plan, config } = this.pass;
    const { layer, window } = operation;
    const weights = kernelOf(this.pass, operation);
    const tensors = { dy, weights, norm: tensorsOf(norm), dx: this.gradientOf(norm.x) };
    const options = { epsilon: config.bnEpsilon, mode: 'gathered' } as const;
    const slices = this.pass.kernels!.convBackwardThroughNorm(plan, layer.name, tensors, window, options);
    this.finalise(norm, slices);
  }

  /** What statistics take off; a norm that does not go by them passes on what those behind it take. */
  private finalise(norm: BlockNorm, slices: Tensor): void {
    const { plan, config } = this.pass;
    const first = !this.summed;
    if (norm.fixed && first) return;
    this.summed = true;
    const { x, affine } = norm;
    const tensors = {
      x,
      affine,
      stats: norm.fixed ? channelSlice(this.stats!, 0, x.shape[3]) : norm.stats!,
      parts: norm.fixed ? undefined : slices,
      sums: this.sums!,
      dgammaBeta: normGradient(this.pass, norm.name),
      g: this.gradientOf(x),
    };
    this.pass.kernels!.backwardFinalise(plan, norm.name, tensors, {
      epsilon: config.bnEpsilon,
      done: norm.done,
      first,
    });
  }

  override endLayers(): void {
    this.bottlenecks.kernelGradients();
  }
}
