/** Grad-CAM's steps in the worker, of what is looked at. */
import { references } from 'chexgpu/lab';
import { type Call, Transferred } from '../../../worker/protocol.js';
import type { Subject, SubjectSession } from '../inWorker/subject.js';
import { countsOf, gradientsOf, growingSums, orderOf, weightsOf } from './steps.js';
import type { CamSteps } from './types.js';

/** Channels whose maps are shown. */
const SHOWN = 24;

interface CamAsked {
  readonly output: number;
  readonly score: CamSteps['score'];
}

export function makeCamWork(session: SubjectSession) {
  return {
    cam: async (asked: CamAsked, { signal }: Call): Promise<Transferred<CamSteps>> => {
      const subject = await session.subject();
      const steps = await camSteps(subject, asked, signal);
      const { weights, maps, gradients, sums, heat } = steps;
      return new Transferred(
        steps,
        [weights, maps, gradients, sums, heat].map(({ buffer }) => buffer),
      );
    },
  };
}

async function camSteps(
  subject: Subject,
  { output, score }: CamAsked,
  signal: AbortSignal,
): Promise<CamSteps> {
  const { model, batch, weights: given, network } = subject;
  const classIndex = Math.min(output, network.config.classes - 1);
  const layer = model.network.batchNorms.at(-1)!.name;
  const classifier = model.network.layers!.find(({ kind }) => kind === 'dense')!.name;
  let read: { shape: readonly number[]; values: Float32Array } | null = null;
  const only = ({ kind, name }: { kind: string; name: string }) => kind === 'batchnorm' && name === layer;
  await model.inspect(
    batch,
    (map) => {
      read = map;
    },
    { only, signal },
  );
  const { shape, values: a } = read!;
  const [, height, width, channels] = shape;
  const [{ probability, map: heat, empty }] = await model.gradcam(batch, [classIndex], { score, signal });
  const slope = score === 'sigmoid' ? probability * (1 - probability) : 1;
  const kernel = given.get(`${classifier}/kernel`)!;
  const { classes } = network.config;
  const dense = Float64Array.from({ length: channels }, (_, k) => kernel[k * classes + classIndex]);
  const parts = { a, height, width, channels, dense, slope };
  const gradients = gradientsOf(parts);
  const weights = weightsOf(gradients, channels);
  const order = orderOf(weights);
  const counts = countsOf(channels);
  const sums = growingSums(parts, weights, order, counts);
  const side = network.size;
  const last = sums.subarray(sums.length - height * width);
  const shown = Math.min(SHOWN, channels);
  const pick = (all: ArrayLike<number>) =>
    Float32Array.from({ length: height * width * shown }, (_, i) => {
      const pixel = Math.floor(i / shown);
      return all[pixel * channels + order[i % shown]];
    });
  return {
    ...{ classIndex, probability, score, layer, height, width, channels, order, shown },
    weights: Float32Array.from(weights),
    maps: pick(a),
    gradients: pick(gradients),
    sums: Float32Array.from(sums),
    counts,
    ...{ heat, side, empty },
    off: distance(heat, scaled(resized(last, height, width, side))),
  };
}

/** As the GPU resizes. */
function resized(map: Float64Array, height: number, width: number, side: number): Float64Array {
  return references.resize.resizeBilinear({ shape: [1, height, width, 1], data: map }, [1, side, side, 1])
    .data;
}

/** max(0, map) / max(map) */
function scaled(map: Float64Array): Float64Array {
  const most = map.reduce((a, b) => Math.max(a, b), 0);
  return map.map((value) => (most > 0 ? Math.max(0, value) / most : 0));
}

function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i] - b[i]));
  return most;
}
