/** What a training came to: scores of the test images, their Grad-CAM, and the weights as files. */
import { evaluate, type GradcamMap, predictAll, writeWeights, xrayBatch } from 'chexgpu';
import type { Call } from '../../../worker/protocol.js';
import { shownBitmap } from '../../reader/inWorker/pixels.js';
import type { Download, Results, TestImage } from '../types.js';
import * as store from './store.js';
import type { Trained } from './training.js';

/** The kinds of weight files that are offered, with their names. */
const WEIGHT_FILES: Readonly<Record<string, string>> = {
  keras2: 'weights.h5',
  safetensors: 'weights.safetensors',
};

export class TrainingResults {
  private probabilities: Float32Array = new Float32Array(0);

  constructor(private readonly trained: Trained) {}

  /** Predicts and scores the test images. */
  async score(call: Call): Promise<Results> {
    const { model, generators, stopped, weights } = this.trained;
    const { test } = generators;
    const { probabilities, labels, files } = await predictAll(model, test, {
      onProgress: ({ phase, done, total }) => {
        if (phase === 'predict') call.report('Predicting the test images', done, total);
      },
    });
    this.probabilities = probabilities;
    const evaluation = evaluate(probabilities, labels, test.labels);
    const best = test.labels.indexOf(evaluation.best[0]);
    const withBest = files.findIndex((_, row) => labels[row * test.labels.length + best] === 1);
    return {
      evaluation,
      firstShown: Math.max(0, withBest),
      stopped,
      weights,
      testImages: files,
      files: await store.writtenFiles().catch(() => []),
    };
  }

  async image(index: number): Promise<TestImage> {
    const { data, generators } = this.trained;
    const { images, labels, classes } = generators.test.frame;
    const name = images[index];
    const { image, boxes } = await data.original(name);
    const row = (all: ArrayLike<number>) =>
      Float32Array.from(classes, (_, c) => all[index * classes.length + c]);
    const truth = row(labels);
    return {
      name,
      bitmap: await shownBitmap(image),
      probabilities: row(this.probabilities),
      truth: classes.filter((_, c) => truth[c] === 1),
      boxes,
    };
  }

  /** Of a test image, as the network gets it. */
  async explain(index: number, classIndex: number): Promise<GradcamMap> {
    const { data, generators, model, wishes } = this.trained;
    const name = generators.test.frame.images[index];
    const { normalisation } = generators;
    const batch = xrayBatch(await data.load(name, wishes.size), wishes.size, name, { normalisation });
    const [map] = await model.gradcam(batch, [classIndex]);
    return map;
  }

  /** The weights as a file that says what they are. @param kind a key of WEIGHT_FILES */
  async download(kind: string): Promise<Download> {
    const { model, generators, wishes, data } = this.trained;
    const { normalisation } = generators;
    const bytes = await writeWeights(kind, await model.exportWeights(), model.config, {
      labels: data.facts.labels,
      preprocessing: { size: wishes.size, interpolation: 'nearest', scaling: 'depth', normalisation },
      notice: data.notice,
    });
    return { name: WEIGHT_FILES[kind], blob: new Blob([bytes as Uint8Array<ArrayBuffer>]) };
  }

  dispose(): void {
    void this.trained.model.dispose();
  }
}
