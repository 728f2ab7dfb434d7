/**
 * One training in the worker. A pause ends `fit` by its signal, which hands over a checkpoint first, and going on is a
 * `fit` that resumes from it: in the same page and after a reload alike, and to the same bits as without a pause.
 */
import {
  type Callback,
  type Checkpoint,
  DenseNet,
  type DenseNetConfig,
  type EpochInfo,
  fit,
  frameFrequencies,
  History,
  type Loss,
  lossWeights,
  type Progress,
  readCheckpointBytes,
  type StepInfo,
  type TrainingContext,
  UsageError,
  writeCheckpointBytes,
  writeWeights,
} from 'chexgpu';
import type { Device } from '../../../worker/device.js';
import type { Call, WorkHost } from '../../../worker/protocol.js';
import type { Curves, Kept, StepWords, Wishes } from '../types.js';
import { type Asked, asked } from './choices.js';
import type { TrainingData } from './dataset.js';
import { type Generators, makeGenerators } from './generators.js';
import {
  type CallbackFiles,
  type ChosenCallbacks,
  checkCallbackChoices,
  trainingCallbacks,
} from './inside.js';
import { startingNetwork } from './start.js';
import * as store from './store.js';

/** The reasons that `fit` may be aborted with. */
class Paused extends Error {}
class WrongKernels extends Error {
  constructor(readonly kernels: readonly string[]) {
    super(`${kernels.join(', ')} gave wrong numbers on this adapter.`);
  }
}

export interface TrainingParts {
  readonly device: Device;
  readonly host: WorkHost;
  readonly data: TrainingData;
  readonly wishes: Wishes;
  /** A weight file to begin with. */
  readonly file: File | null;
}

/** What a training ended with. */
export interface Trained {
  readonly model: DenseNet;
  readonly generators: Generators;
  readonly wishes: Wishes;
  readonly data: TrainingData;
  readonly stopped: string | null;
  /** In words, which epoch's weights there are. */
  readonly weights: string;
}

export class TrainingRun {
  private readonly plan: Asked;
  private control = new AbortController();
  private context: TrainingContext | null = null;
  private wantsStop = false;
  /** Where it goes on; null before the first checkpoint. */
  private last: Checkpoint | null = null;
  private config: DenseNetConfig | null = null;
  private history = new History();
  private checked = false;
  private checking: Promise<void> | null = null;
  private wrong: readonly string[] = [];
  private toldOfStore = false;

  /** @throws UsageError for wishes that make no sense */
  constructor(private readonly parts: TrainingParts) {
    const { frames } = parts.data;
    this.plan = asked(parts.wishes, frames.train.images.length);
    checkCallbackChoices(this.plan.callbacks ?? {}, frames.valid);
  }

  /** A training that waits in the browser. @throws UsageError where it was of other data */
  static async ofStore(kept: Kept, parts: Omit<TrainingParts, 'wishes' | 'file'>): Promise<TrainingRun> {
    if (kept.fingerprint !== parts.data.fingerprint) {
      throw new UsageError(
        'The training that waits here was one of other data: its tables or its images differ from these.',
        'Give the folder that it had, or remove it.',
      );
    }
    const run = new TrainingRun({ ...parts, wishes: kept.wishes, file: null });
    const { checkpoint, config } = await readCheckpointBytes(await store.keptCheckpoint());
    run.last = checkpoint;
    run.config = config;
    run.checked = kept.checked;
    return run;
  }

  get wishes(): Wishes {
    return this.parts.wishes;
  }

  pause(): void {
    this.control.abort(new Paused());
  }

  /** Ends it when the step under way is over. */
  stop(): void {
    this.wantsStop = true;
    this.context?.stop('ended by hand');
  }

  /** @returns what it came to; null where it was paused */
  async run(call: Call): Promise<Trained | null> {
    const { data, host } = this.parts;
    call.report('Preparing the images');
    const generators = await makeGenerators(data, this.wishes);
    for (;;) {
      const { control } = this;
      const model = await this.model(call);
      try {
        return await this.train(model, generators, call, control.signal);
      } catch (error) {
        void model.dispose();
        this.context = null;
        this.control = new AbortController();
        if (error instanceof Paused) return null;
        if (!(error instanceof WrongKernels)) throw error;
        host.emit('withdrawn', { kernels: error.kernels });
        // All that was trained was trained by them.
        this.last = null;
        this.checked = false;
        await store.forget();
      }
    }
  }

  private async model(call: Call): Promise<DenseNet> {
    const { device, wishes, file, data } = this.parts;
    const labels = data.facts.labels;
    call.report('Preparing the network');
    if (this.last && this.config) {
      const { config, last } = this;
      return DenseNet.create(device.gpu, { config, weights: last.weights, labels });
    }
    const { config, weights } = await startingNetwork(wishes, file, call);
    this.config = config;
    return DenseNet.create(device.gpu, { config, weights, labels });
  }

  private loss(): Loss {
    const { kind, settings } = this.plan.loss;
    const { posWeights, negWeights } = lossWeights(frameFrequencies(this.parts.data.frames.train));
    const weights = { posWeights: [...posWeights], negWeights: [...negWeights] };
    return kind.make(settings, { ...weights, unknownLabels: false });
  }

  private async train(
    model: DenseNet,
    generators: Generators,
    call: Call,
    signal: AbortSignal,
  ): Promise<Trained> {
    const { plan } = this;
    const { size, batchSize, epochs, stepsPerEpoch, optimizer } = plan;
    const loss = this.loss();
    call.report('Compiling kernels');
    await model.compile({ loss, optimizer });
    const onProgress = ({ phase, done, total }: Progress) => {
      if (phase === 'compile') call.report('Compiling kernels', done, total);
    };
    const work = { signal, onProgress };
    await model.planOf('train', Math.min(batchSize, generators.train.samples), size, work);
    await model.planOf('predict', Math.min(batchSize, generators.valid.samples), size, work);
    this.refuseTainted();
    const say = (line: string) => this.parts.host.emit('note', line);
    const chosen = trainingCallbacks(plan, this.files(), say);
    this.history = new History();
    call.report('Training');
    await fit(model, generators.train, {
      loss,
      optimizer,
      epochs,
      stepsPerEpoch,
      validation: generators.valid,
      signal,
      resume: this.last ?? undefined,
      checkpoint: {
        everySteps: this.wishes.checkpointEvery,
        save: (checkpoint) => this.save(checkpoint),
      },
      callbacks: [...chosen.list, this.history, this.watch(), ...chosen.keepers],
    });
    this.context = null;
    const { wishes, parts } = this;
    const stopped = this.history.stopReason;
    return { model, generators, wishes, data: parts.data, stopped, weights: this.weightsWords(chosen) };
  }

  private weightsWords(chosen: ChosenCallbacks): string {
    const epochs = this.history.epochs.length;
    const best = chosen.bestEpoch();
    return best === null || best + 1 >= epochs
      ? `The weights are those of epoch ${epochs}, the last.`
      : `The weights are those of epoch ${best + 1} of ${epochs}, the best by ${this.wishes.monitor}.`;
  }

  private watch(): Callback {
    const { host } = this.parts;
    return {
      onTrainBegin: (training) => {
        this.context = training;
        if (this.wantsStop) training.stop('ended by hand');
      },
      onStep: (info) => {
        host.emit('step', stepWords(info));
        this.checkKernels();
      },
      onValidationStep: ({ step, steps }) => host.emit('validating', { step, steps }),
      onEpoch: () => host.emit('epoch', this.curves()),
    };
  }

  /** Kernels that nothing is known of are checked beside the training, which a wrong one ends. */
  private checkKernels(): void {
    const { checker } = this.parts.device;
    if (this.checking || !checker.isWaiting) return;
    const { control } = this;
    this.checking = checker
      .checkWaiting()
      .then((wrong) => {
        this.wrong = [...this.wrong, ...wrong];
        if (wrong.length > 0) control.abort(new WrongKernels(wrong));
      })
      .catch((error: unknown) => control.abort(error))
      .finally(() => {
        this.checking = null;
      });
  }

  /**
   * Behind the results: checks what is not checked yet.
   * @returns kernels that the training or its scores were computed with and that are wrong
   */
  async finishChecks(): Promise<readonly string[]> {
    await this.checking;
    const wrong = [...this.wrong, ...(await this.parts.device.checker.checkWaiting())];
    this.checked = wrong.length === 0;
    await (this.checked ? store.keepState(this.kept()) : store.forget()).catch(() => {});
    return wrong;
  }

  /** What goes on from steps of kernels that turned out wrong meanwhile is worth nothing. */
  private refuseTainted(): void {
    const { asked } = this.parts.device.checker;
    const wrong = [...asked].filter(([, verdict]) => verdict === 'wrong').map(([key]) => key);
    if (this.last && !this.checked && wrong.length > 0) throw new WrongKernels(wrong);
  }

  private curves(): Curves {
    const { stepLoss, epochs } = this.history;
    return { stepLosses: [...stepLoss], epochs: epochPoints(epochs) };
  }

  /** Where the last checkpoint stands. */
  kept(): Kept {
    const { wishes, data } = this.parts;
    const { epoch = 0, step = 0, stepsPerEpoch = this.plan.stepsPerEpoch } = this.last?.training ?? {};
    const isStopped = (this.last?.training.stopReason ?? null) !== null;
    return {
      format: 1,
      wishes,
      data: { kind: data.facts.kind, phantoms: data.phantoms },
      fingerprint: data.fingerprint,
      epoch,
      step,
      steps: stepsPerEpoch,
      isOver: isStopped || epoch >= wishes.epochs,
      curves: this.curves(),
      checked: this.checked,
    };
  }

  private async save(checkpoint: Checkpoint): Promise<void> {
    this.last = checkpoint;
    const { host } = this.parts;
    try {
      const bytes = await writeCheckpointBytes({ checkpoint, config: this.config!, about: null });
      await store.keep(bytes, this.kept());
    } catch (error) {
      // The training itself has all that it needs.
      if (this.toldOfStore) return;
      this.toldOfStore = true;
      const why = error instanceof Error ? error.message : String(error);
      host.emit('warning', `This browser keeps no checkpoint: the training is lost with the page (${why}).`);
    }
  }

  private files(): CallbackFiles {
    return {
      keepWeights: async (name, { weights, optimizer }) => {
        const config = this.config!;
        const labels = this.parts.data.facts.labels;
        const full = optimizer ? { optimizer } : {};
        const kind = optimizer ? 'keras2-model' : 'keras2';
        await store.writeFile(
          name,
          (await writeWeights(kind, weights, config, { labels, ...full })) as BlobPart,
        );
      },
      keepText: (name, text) => store.writeFile(name, text),
    };
  }
}

function stepWords({ epoch, epochs, step, steps, loss, learningRate, imagesPerSecond }: StepInfo): StepWords {
  return { epoch, epochs, step, steps, loss, learningRate, imagesPerSecond };
}

function epochPoints(epochs: readonly EpochInfo[]): Curves['epochs'] {
  let steps = 0;
  return epochs.map((info) => {
    steps += info.steps;
    const { loss, val_loss: valLoss = null, val_auc: valAuc = null } = info.logs;
    return { steps, loss, valLoss, valAuc, seconds: info.seconds };
  });
}
