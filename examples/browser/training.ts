/** The form of the training and the loop behind it. */
import {
  type Callback,
  type DenseNet,
  type TrainingContext,
  TrainingProgress,
  fit as trainModel,
} from 'chexgpu';
import { LossCurve } from './curve.js';
import { byId, numberIn } from './dom.js';
import type { OnProgress } from './network.js';
import { trainingPhantoms } from './phantoms.js';

/** Defaults by adapter: a processor is a thousand times slower. Few phantoms are soon known by heart. */
const PRESETS = {
  hardware: { steps: 60, batch: 8, phantoms: 96 },
  software: { steps: 12, batch: 8, phantoms: 16 },
} as const;

export class Training implements Callback {
  private readonly curve = new LossCurve();
  private readonly text = byId('train-text', HTMLElement);
  private readonly stopButton = byId('stop', HTMLButtonElement);
  private running: TrainingContext | null = null;
  private steps = 0;

  constructor() {
    this.stopButton.addEventListener('click', () => {
      this.running?.stop('by the visitor');
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
    this.text.textContent = 'Drawing the first phantoms …';
    const progress = new TrainingProgress({
      progress: (_epoch, total) => ({
        update: (done, note) => {
          this.text.textContent = `Step ${done} of ${total}: ${note}`;
          onProgress('Training', done, total);
        },
      }),
    });
    try {
      await trainModel(model, source, {
        epochs: 1,
        stepsPerEpoch: steps,
        posWeights,
        negWeights,
        learningRate,
        callbacks: [this, this.curve, progress],
      });
    } finally {
      this.running = null;
      this.stopButton.disabled = true;
    }
  }

  onTrainBegin(training: TrainingContext): void {
    this.running = training;
    this.stopButton.disabled = false;
  }

  onStep(): void {
    this.steps++;
  }
}
