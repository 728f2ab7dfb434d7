/** A weight file as something that predicts: what `chexgpu predict` and `chexgpu gradcam` do, for programs. */

import { listOfStrings, requireFields, requireObject, shown } from '../../core/arguments.js';
import { UsageError } from '../../core/errors.js';
import { refuseMisspelt } from '../../core/nearNames.js';
import { checkWork, eitherSignal, untilAborted, WORK, type WorkOptions } from '../../core/work.js';
import { DecodePool } from '../../data/images/decodePool.node.js';
import type { DenseNet } from '../../densenet/densenet.js';
import { ownWeights } from '../../densenet/weights/publicFiles.js';
import type { Gpu } from '../../engine/device/gpu.js';
import { requireGpu } from '../../engine/device/requireGpu.js';
import type { GradcamRow } from '../../eval/report/reportData.js';
import type { PredictionTable } from '../../eval/scores/predictionsCsv.js';
import type { Batch } from '../../training/batch.js';
import type { ClassChoice } from '../../training/classNames.js';
import type { CamScore } from '../../training/inspection/explainer.js';
import { checkImageSize } from '../../training/network.js';
import { createModel } from '../createModel.js';
import { type Reporter, SILENT, type WorkContext } from '../reporter.js';
import { chooseScore, explain, explanationOf } from '../results/explain.node.js';
import { type Classifier, type ClassifierOptions, readClassifier } from './classifier.node.js';
import { chooseLabels, mostProbable, trainedLabels } from './outputs.js';
import { type PredictionOptions, predictRows, rowsGenerator } from './predictRows.node.js';
import { type RowsSource, readRows, rowsFor } from './rows.node.js';

/** What is said beside the weight file, where it does not say it, and how the work is done. */
export interface LoadOptions extends ClassifierOptions, WorkOptions {
  /** Threads that decode images, as of `DecodePool`. */
  workers?: number;
  /** Told what is found out and how far the work is. Default: nobody. */
  out?: Reporter;
  /** Ends the loading, and later calls as their own does. */
  signal?: AbortSignal;
}

const LOAD_OPTIONS = [
  ...['network', 'activation', 'bnEpsilon', 'head', 'history', 'labels', 'size', 'interpolation', 'scaling'],
  ...['workers', 'out', ...WORK],
];

/** The names of `PredictionOptions`. */
const PREDICTION = ['batchSize', 'samplewise', 'ignoreMissing'];

/** Probabilities, predictions[b,labels] in the order of the images, as `chexgpu predict` writes them. */
export type FilePredictions = Pick<PredictionTable, 'labels' | 'images' | 'predictions'>;

/** Weights on a GPU with what they mean. `close` lets them go; the GPU stays. */
export class LoadedNetwork {
  /** Names of the outputs that predictions are given of. */
  readonly labels: readonly string[];
  /** What whoever sees a prediction is to be told; null where the weights say nothing. */
  readonly notice: string | null;

  /** @param model its outputs are those of `classifier.outputs`, before `shownProbabilities` */
  constructor(
    private readonly context: WorkContext,
    readonly model: DenseNet,
    readonly classifier: Classifier,
    private readonly pool: DecodePool,
  ) {
    this.labels = trainedLabels(classifier.outputs);
    this.notice = classifier.notice;
  }

  /**
   * Image files as one batch, prepared as the weights want it: for `model`, whose probabilities are to be shown by
   * `shownProbabilities(network.classifier.outputs, p)`.
   * @throws as `predictFiles`
   */
  async prepareFiles(
    files: readonly string[],
    options: PredictionOptions & WorkOptions = {},
  ): Promise<Batch> {
    const { pool, classifier } = this;
    if (listOfStrings('files', files, 'path').length === 0) throw new UsageError('There are no image files.');
    const rows = rowsFor({ table: null, images: null }, classifier.outputs, files);
    return this.within(options, PREDICTION, async (context) => {
      const { samplewise } = options;
      const wanted = { batchSize: files.length, samplewise };
      const generator = await rowsGenerator(context, { pool, classifier }, rows, wanted);
      return untilAborted(generator.getBatch(0), context.signal);
    });
  }

  /**
   * The probabilities of image files.
   * @throws DataError naming those that cannot be read; UsageError for options that contradict the weights
   */
  async predictFiles(
    files: readonly string[],
    options?: PredictionOptions & WorkOptions,
  ): Promise<FilePredictions> {
    return this.predict({}, listOfStrings('files', files, 'path'), options);
  }

  /**
   * The probabilities of a CSV's images, with the labels that it knows.
   * @throws WeightsError where the CSV asks for labels that the network does not have; as `predictFiles`
   */
  async predictCsv(source: RowsSource, options?: PredictionOptions & WorkOptions): Promise<PredictionTable> {
    requireObject('The source', source);
    return this.predict(source, [], options);
  }

  /**
   * Grad-CAM of image files: maps of the classes chosen, by name or number, or of each image's four most probable ones.
   * @throws UsageError for a class that the network does not have; DataError for an image that cannot be read;
   *   NonFiniteError for one without contrast
   */
  async explainFiles(
    files: readonly string[],
    wishes: { classes?: readonly ClassChoice[]; score?: CamScore } & WorkOptions = {},
  ): Promise<GradcamRow[]> {
    requireFields('The options', wishes, ['classes', 'score', ...WORK]);
    const { classes, score, ...work } = wishes;
    const { outputs, config } = this.classifier;
    const cases = listOfStrings('files', files, 'path').map((path) => ({
      path,
      name: path,
      labels: [],
      boxes: [],
    }));
    const options = {
      ...explanationOf(this.classifier),
      classes: classes ? chooseLabels(classes, outputs) : mostProbable(outputs),
      score: chooseScore(config, score),
      onFailure: (_: string, error: Error) => {
        throw error;
      },
    };
    return this.within(work, [], (context) => explain(context, this.pool, this.model, cases, options));
  }

  /** Settles when memory and threads are let go of; calls under way, and later ones, reject with a UsageError. */
  async close(): Promise<void> {
    await Promise.all([this.model.dispose(), this.pool.close()]);
  }

  private async predict(
    source: RowsSource,
    files: readonly string[],
    options?: PredictionOptions & WorkOptions,
  ): Promise<PredictionTable> {
    const { model, pool, classifier } = this;
    return this.within(options ?? {}, PREDICTION, async (context) => {
      const rows = rowsFor(await readRows(source, files), classifier.outputs, files);
      return predictRows(context, { model, pool, classifier }, rows, options);
    });
  }

  /** Work under the signal of a call beside that of the whole. */
  private async within<T>(
    work: WorkOptions,
    more: readonly string[],
    job: (context: WorkContext) => Promise<T>,
  ): Promise<T> {
    requireFields('The options', work, [...more, ...WORK]);
    checkWork(work);
    const { signal, release } = eitherSignal(this.context.signal, work.signal);
    try {
      signal.throwIfAborted();
      return await job({ out: this.context.out, signal, onProgress: work.onProgress });
    } finally {
      release();
    }
  }
}

/**
 * Puts the weights of a file of any format on the GPU, with what the file and its history.json say of them: the
 * same numbers as `chexgpu predict` gives. The command also has its kernels checked and, on hardware, measured: a
 * program calls `checkKernels(gpu)` and `enableTuning(gpu)` for that; which kernels run may change the last bits.
 * @param named path, or a name in weights/; by default the package's own, which drawn X-rays taught: what it says
 *   means nothing for a patient (`notice`)
 * @throws WeightsError when there is no such file, no head, or nobody says what its outputs are; UsageError for
 *   options that contradict what the weights say; OutOfMemoryError
 */
export async function loadNetwork(
  gpu: Gpu,
  named?: string,
  options: LoadOptions = {},
): Promise<LoadedNetwork> {
  requireGpu('loadNetwork', gpu);
  refuseMisspelt('The options of loadNetwork', options, LOAD_OPTIONS);
  const weights = named ?? ownWeights(options.network);
  const { out = SILENT, signal = new AbortController().signal, onProgress, workers, ...rest } = options;
  if (typeof weights !== 'string') {
    throw new UsageError(`weights is ${shown(weights)}, it must be the path or the name of a weight file.`);
  }
  requireObject('out', out);
  checkWork(options);
  signal.throwIfAborted();
  const context = { out, signal, onProgress };
  const classifier = await readClassifier(context, weights, rest);
  const pool = new DecodePool({ workers, ...classifier.preparation.pixels });
  let model: DenseNet | undefined;
  try {
    model = await createModel(context, gpu, classifier);
    checkImageSize(model.network, classifier.preparation.size);
    signal.throwIfAborted();
    return new LoadedNetwork(context, model, classifier, pool);
  } catch (error) {
    await Promise.all([model?.dispose(), pool.close()]);
    throw error;
  }
}
