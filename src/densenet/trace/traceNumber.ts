/** One number followed from a pixel to the loss, and back to one weight's step. */
import { UsageError } from '../../core/errors.js';
import { explainBackward } from './backward.js';
import { explainForward } from './forward.js';
import { ENDS, type Graph } from './graph.js';
import { findPath, PATH_RULE, type PathPlace } from './path.js';
import type { RunValues } from './stepValues.js';
import type { Explained } from './terms.js';
import { parseWeight } from './weightNames.js';
import { type ExplainedWeight, explainWeight } from './weights.js';

export interface TraceWish {
  /** Row and column of the picture at the network's size. */
  readonly pixel: readonly [row: number, column: number];
  /** Output whose logit the way leads to, from 0. */
  readonly output: number;
  /** `conv1/conv/kernel[0,0,0,5]` */
  readonly weight: string;
}

export interface Traced {
  /** How the way was chosen. */
  readonly rule: string;
  /** How pixel and weight meet in the first convolution; null for a weight of another layer. */
  readonly meeting: string | null;
  readonly path: readonly PathPlace[];
  /** ReLUs on the way that are shut: there the number goes on no further, and what is behind computes without it. */
  readonly shut: readonly string[];
  /** From the normalised pixel to the loss. */
  readonly forward: readonly Explained[];
  /** From the logit to the layer of the weight. */
  readonly backward: readonly Explained[];
  /** The weight's gradient, and Adam's step. */
  readonly weight: ExplainedWeight;
}

/**
 * Follows one number through a training step: pixel, normalised input, first convolution, batch norm, ReLU, pools, one
 * layer of each dense block, its transitions, logit, probability, loss; then the gradients of the same numbers back to
 * the weight. Each with the GPU's value and the plain float64 sum of its parts, which are the GPU's own numbers.
 * @param run values of a training step with a weighted cross-entropy behind sigmoids, by Adam: a `GpuRun`
 * @param labels names of the outputs
 * @throws UsageError for a pixel, an output or a weight that there is not, and for a weight that makes no number of
 *   the way
 */
export async function traceNumber(
  graph: Graph,
  run: RunValues,
  labels: readonly string[],
  { pixel, output, weight }: TraceWish,
): Promise<Traced> {
  if (graph.config.activation === 'softmax') {
    throw new UsageError('This network ends in a softmax; numbers are followed through sigmoids alone.');
  }
  if (graph.config.norms !== 'layer') {
    throw new UsageError(
      'Numbers are followed through networks whose layers have each a batch norm of its own.',
    );
  }
  if (!(Number.isInteger(output) && output >= 0 && output < labels.length)) {
    throw new UsageError(`There is no output ${output}; the last is ${labels.length - 1}.`);
  }
  const parsed = parseWeight(graph, weight);
  if (!parsed) throw noSuchWeight(graph, weight);
  const { spec, index } = parsed;
  const first = graph.layers.find(({ kind }) => kind === 'conv')!;
  const isFirst = spec.layer === first.name;
  const [u, v, c, channel] = index;
  const path = await findPath(graph, run, {
    pixel,
    output,
    first: isFirst ? { tap: [u, v, c], channel } : null,
  });
  const met = path.find(({ name }) => name === spec.layer);
  const own = index[index.length - 1];
  if (!met || met.channel !== own) throw notMet(path, weight, spec.layer, spec.key, index);
  const once = path.filter((place, i) => path.findIndex((one) => one.name === place.name) === i);
  const ends = ENDS.map((name) => ({ name, channel: name === 'loss' ? 0 : output, y: 0, x: 0 }));
  const back = once.slice(once.findIndex(({ name }) => name === spec.layer)).toReversed();
  const [forward, backward] = await Promise.all([
    Promise.all([...once, ...ends].map((place) => explainForward({ graph, run, ...place }, labels))),
    Promise.all(
      back
        .filter(({ name }) => graph.layer(name).kind !== 'concat')
        .map((place) => explainBackward({ graph, run, ...place }, labels)),
    ),
  ]);
  // Behind the pass: the step is taken by a copy of the network, which needs the memory.
  const step = await explainWeight(graph, run, weight);
  const meeting = isFirst ? meetingWords(graph, path, weight, [u, v]) : null;
  const shut = forward.filter(({ kind, gpu }) => kind === 'relu' && gpu === 0).map(({ title }) => title);
  return {
    shut,
    rule: PATH_RULE,
    meeting,
    path: once,
    forward,
    backward: backward.filter((one) => one !== null),
    weight: step,
  };
}

function meetingWords(graph: Graph, path: readonly PathPlace[], weight: string, [u, v]: number[]): string {
  const [pixel, out] = path;
  const { stride, pad } = graph.window(graph.layer(out.name));
  const [top, left] = [out.y * stride - pad, out.x * stride - pad];
  const [own, other] = [
    [pixel.y - top, pixel.x - left],
    [top + u, left + v],
  ];
  const where = `${out.name}[0,${out.y},${out.x},${out.channel}]`;
  if (own[0] === u && own[1] === v)
    return `${where} multiplies the pixel (${pixel.y},${pixel.x}) by ${weight}.`;
  return (
    `Both go into ${where}: it reads the pixel (${pixel.y},${pixel.x}) through the place [${own}] of its window, and ` +
    `the pixel (${other}) through [${u},${v}], which is ${weight}. They are terms of the same sum.`
  );
}

function noSuchWeight(graph: Graph, weight: string): UsageError {
  const [first] = graph.layers.filter(({ kind }) => kind === 'conv');
  const { kernel, cin, cout, name } = first;
  return new UsageError(
    `${graph.config.name} trains no weight ${weight}.`,
    `Weights are called such as ${name}/kernel[0,0,0,5], which goes up to ` +
      `[${kernel - 1},${kernel - 1},${cin - 1},${cout - 1}]: window row, column, input channel, output channel.`,
  );
}

function notMet(
  path: readonly PathPlace[],
  weight: string,
  layer: string,
  key: string,
  index: readonly number[],
): UsageError {
  const here = path.find(({ name }) => name === layer);
  if (here) {
    const instead = `${key}[${[...index.slice(0, -1), here.channel]}]`;
    return new UsageError(
      `The way of this pixel goes through channel ${here.channel} of ${layer}, which ${weight} does not make.`,
      `Follow ${instead}, or take another pixel.`,
    );
  }
  const convolutions = [...new Set(path.map(({ name }) => name))].filter((name) => /conv$/.test(name));
  return new UsageError(
    `The way of this pixel does not go through ${layer}, which ${weight} is of.`,
    `It goes through the convolutions ${convolutions.join(', ')}: take a weight of one of them, or another pixel.`,
  );
}
