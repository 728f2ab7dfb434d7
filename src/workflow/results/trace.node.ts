/** One number of one X-ray followed through the first training step of a network. */
import { UsageError } from '../../core/errors.js';
import type { Interpolation } from '../../data/images/resize.js';
import { xrayBatch } from '../../data/images/xrayBatch.js';
import { numberedPhantom } from '../../data/phantoms/numberedPhantom.js';
import { LABELS } from '../../data/tables/labels.js';
import type { DenseNet } from '../../densenet/densenet.js';
import { compiledFirstStep, firstStep } from '../../densenet/trace/firstStep.js';
import { Graph } from '../../densenet/trace/graph.js';
import { GpuRun } from '../../densenet/trace/stepValues.js';
import { type Traced, type TraceWish, traceNumber } from '../../densenet/trace/traceNumber.js';
import type { Gpu } from '../../engine/device/gpu.js';
import type { Normalisation, PixelBatch } from '../../training/batch.js';
import type { Classifier } from '../prediction/classifier.node.js';
import type { WorkContext } from '../reporter.js';

/** Number of the phantom that an image's name means, `phantom:1`; null for the name of a file. @throws UsageError */
export function phantomNumber(image: string): number | null {
  if (!image.startsWith('phantom:')) return null;
  const [, number] = /^phantom:(\d{1,4})$/.exec(image) ?? [];
  if (number === undefined)
    throw new UsageError(`${image} is no phantom.`, 'They are phantom:1, phantom:2, ...');
  return Number(number);
}

/** A phantom as a batch, with the names of what it was drawn with. @throws UsageError for a number that there is not */
export function phantomBatch(
  number: number,
  size: number,
  how: { normalisation: Normalisation; interpolation?: Interpolation },
): { batch: PixelBatch; findings: string[] } {
  const { image, truth } = numberedPhantom(number);
  const findings = LABELS.filter((_, i) => truth[i] === 1);
  return { batch: xrayBatch(image, size, `phantom ${number}`, how), findings };
}

export interface TraceOptions extends Omit<TraceWish, 'output'> {
  /** Whose logit the way leads to. */
  label: string;
  positive: readonly string[];
  learningRate: number;
}

/** What is traced, with the rates of the step. */
export interface TracedStep extends Traced {
  /** Of the pixel, 0 to 255. */
  byte: number;
  /** Of the whole picture, row by row. */
  pixels: readonly number[];
  /** Of the outputs. */
  labels: readonly string[];
  adam: ReturnType<typeof firstStep>['adam'];
}

/**
 * @param model is compiled here; it is not trained
 * @throws UsageError as `traceNumber`; NonFiniteError where the step's numbers are not finite
 */
export async function traceImage(
  context: WorkContext,
  gpu: Gpu,
  model: DenseNet,
  { config, weights, outputs }: Pick<Classifier, 'config' | 'weights' | 'outputs'>,
  given: PixelBatch,
  { label, positive, learningRate, pixel, weight }: TraceOptions,
): Promise<TracedStep> {
  const { labels } = outputs;
  if (labels.includes('')) {
    throw new UsageError('Some outputs of these weights were never trained: there is no loss to follow.');
  }
  const training = firstStep(labels.length, learningRate);
  await model.compile(compiledFirstStep(training));
  const { files = ['the X-ray'] } = given;
  const batch = {
    ...given,
    files,
    labels: Float32Array.from(labels, (one) => Number(positive.includes(one))),
  };
  const bar = { at: null as ReturnType<WorkContext['out']['progress']> | null };
  const run = new GpuRun(
    { gpu, model, weights, training, batch },
    {
      signal: context.signal,
      onProgress: ({ phase, done, total = 0, note }) => {
        if (phase !== 'inspect') return;
        bar.at ??= context.out.progress('Reading numbers of the step', total, 'maps');
        bar.at.update(done, note, total);
      },
    },
  );
  const graph = new Graph(config, batch.height);
  const traced = await traceNumber(graph, run, labels, { pixel, output: labels.indexOf(label), weight });
  context.out.endProgress();
  const channel = given.channels === 1 ? 0 : traced.path[0].channel;
  const byte = given.pixels[(pixel[0] * given.width + pixel[1]) * given.channels + channel];
  return { ...traced, byte, pixels: run.pixels.values, labels, adam: training.adam };
}
