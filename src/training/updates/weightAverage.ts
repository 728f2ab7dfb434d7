/**
 * The moving average of the weights, `UpdateSettings.ema`. While there is one, it is the network: what predicts, is
 * explained, exported and saved; the weights that the optimizer moves belong to the training alone. Batch norms'
 * moving averages are those of the training passes, as in Keras and in PyTorch (`use_buffers` false).
 *
 * Plans read one buffer, so that buffer takes what the next plan is for: a copy on the GPU when training and inference
 * take turns, once an epoch as a rule.
 */
import type { Gpu } from '../../engine/device/gpu.js';
import type { Parameters } from '../model/parameters.js';

type Shown = 'trained' | 'average';

export class WeightAverage {
  /** What the buffer `weights` holds; null while there is no average. */
  private shown: Shown | null = null;

  constructor(
    private readonly gpu: Gpu,
    private readonly parameters: Parameters,
  ) {}

  get on(): boolean {
    return this.shown !== null;
  }

  /** Gives an average memory before anything is changed. @throws OutOfMemoryError */
  prepare(): Promise<void> {
    return this.parameters.allocate('average', 'trained');
  }

  /**
   * From now on the network as it is is the average.
   * @param trained weights that the optimizer moves; default: the same
   */
  async begin(trained?: Float32Array<ArrayBuffer>): Promise<void> {
    await this.prepare();
    this.shown = 'average';
    await this.restart();
    if (trained) await this.parameters.writeTrained(trained);
  }

  /** After the network was replaced: both are the new one. */
  async restart(): Promise<void> {
    if (this.shown === null) return;
    await this.copy(['weights', 'average'], ['weights', 'trained']);
    this.shown = 'average';
  }

  /** The network is the weights from now on: those of the average. */
  async end(): Promise<void> {
    if (this.shown === null) return;
    await this.show('average');
    this.shown = null;
    await this.parameters.measureWeights();
    this.parameters.free('average', 'trained');
  }

  /** Before a plan runs: what it is to read. */
  async show(wanted: Shown): Promise<void> {
    if (this.shown === null || this.shown === wanted) return;
    if (wanted === 'average') await this.copy(['weights', 'trained'], ['average', 'weights']);
    else await this.copy(['trained', 'weights']);
    this.shown = wanted;
  }

  /** The buffer that holds the network now, and the one with what the optimizer moves. */
  get buffers(): { network: 'weights' | 'average'; trained: 'weights' | 'trained' } {
    return {
      network: this.shown === 'trained' ? 'average' : 'weights',
      trained: this.shown === 'average' ? 'trained' : 'weights',
    };
  }

  private copy(...pairs: [from: Copied, to: Copied][]): Promise<void> {
    return this.gpu.guarded('the average of the weights', () => {
      const encoder = this.gpu.device.createCommandEncoder({ label: 'average of the weights' });
      for (const [from, to] of pairs) this.parameters.copy(encoder, from, to);
      this.gpu.device.queue.submit([encoder.finish()]);
    });
  }
}

type Copied = 'weights' | 'average' | 'trained';
