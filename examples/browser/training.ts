/** The form of the training and the loop behind it. */
import { type DenseNet, fit as trainModel } from 'chexgpu';
import { LossCurve } from './curve.js';
import { byId, numberIn } from './dom.js';
import type { OnProgress } from './network.js';
import { trainingPhantoms } from './phantoms.js';

/** Defaults by adapter: a processor is a thousand times slower. Few phantoms are soon known by heart. */
const PRESETS = {
  hardware: { steps: 60, batch: 8, phantoms: 96 },
  software: { steps: 12, batch: 8, phantoms: 16 },
} as const;

export class Training {
  private readonly curve = new LossCurve();
  private readonly text = byId('train-text', HTMLElement);
  private readonly stopButton = byId('stop', HTMLButtonElement);
  private abort: AbortController | null = null;
  private steps = 0;

  constructor() {
    this.stopButton.addEventListener('click', () => {
      this.abort?.abort();
      this.stopButton.disabled = true;
      this.text.textContent = 'Stopping after this step …';
    });
  }

  /** Steps of the last run, also of one that failed. */
  get taken(): number {
    return this.steps;
  }

  preset(kind: 'hardware' | 'software'): void {
    for (const [name, value] of Object.entries(PRESETS[kind])) {
      byId(name, HTMLInputElement).value = String(value);
    }
  }

  /**
   * Trains on phantoms until the steps are done or the visitor stops it.
   * @throws UsageError naming the field that makes no sense; NonFiniteError when the loss overflows
   */
  async run(model: DenseNet, size: number, onProgress: OnProgress): Promise<void> {
    this.steps = 0;
    const steps = numberIn('steps', 'Steps');
    const batchSize = numberIn('batch', 'Batch size');
    const images = numberIn('phantoms', 'Phantoms');
    const learningRate = numberIn('rate', 'Learning rate');
    const { source, posWeights, negWeights } = trainingPhantoms({ images, size, batchSize });
    const abort = new AbortController();
    this.abort = abort;
    this.stopButton.disabled = false;
    this.curve.start(steps);
    this.text.textContent = 'Drawing the first phantoms …';
    try {
      await trainModel(model, source, {
        epochs: 1,
        stepsPerEpoch: steps,
        posWeights,
        negWeights,
        learningRate,
        signal: abort.signal,
        callbacks: [
          {
            onStep: ({ step, loss, imagesPerSecond, stepMs }) => {
              this.steps = step + 1;
              this.curve.add(loss, imagesPerSecond);
              this.text.textContent =
                `Step ${this.steps} of ${steps}: loss ${loss.toFixed(4)}, ${imagesPerSecond.toFixed(2)} images/s, ` +
                `${(stepMs / 1000).toFixed(2)} s on the GPU`;
              onProgress('Training', this.steps, steps);
            },
          },
        ],
      });
    } catch (error) {
      if (!abort.signal.aborted) throw error;
    } finally {
      this.abort = null;
      this.stopButton.disabled = true;
    }
  }
}
