/** How a gradient of the backward pass came about: dL/dy of one number of a map. */
import type { MapKind } from '../../training/inspection/formulas.js';
import type { InspectedMap } from '../../training/inspection/inspect.js';
import type { Layer } from '../architecture.js';
import { isEnd } from './graph.js';
import { type Asked, at, type Explained, grid, said, stepwise, summed, summedColumn } from './terms.js';

const gradientOf = (kind: string) => `gradient of ${kind}` as MapKind;

/** What the maps of a gradient are read by; each gives it by a formula of its own. */
export async function explainBackward(asked: Asked, labels: readonly string[]): Promise<Explained | null> {
  const { graph, run } = asked;
  if (isEnd(asked.name)) return null;
  const written = graph.written(asked.name, asked.channel);
  const layer = graph.layer(written.name);
  const map = await run.map(gradientOf(layer.kind), layer.name);
  const here = { ...asked, name: layer.name, channel: written.channel };
  const own = { ...said(map, here), title: `dL/d ${layer.name}[0,${here.y},${here.x},${here.channel}]` };
  if (layer.kind === 'dense') return { ...own, ...(await ofLogit(here, labels)) };
  const readers = graph.finalReaders(layer.name);
  const [reader] = readers;
  if (layer.kind === 'batchnorm') return { ...own, ...(await ofNorm(here)) };
  // A map of a block's buffer: what its readers pass back adds up.
  const isShared = readers.length > 1 || graph.readers(layer.name).some(({ kind }) => kind === 'concat');
  if (isShared) return { ...own, ...(await ofReaders(here, readers)) };
  if (reader.kind === 'batchnorm') return { ...own, ...(await throughNorm(here, reader, here.channel)) };
  return { ...own, ...(await through(here, reader)) };
}

/** Of the weighted cross-entropy behind a sigmoid, with its epsilon. */
async function ofLogit({ run, channel: k }: Asked, labels: readonly string[]) {
  const { values } = await run.map('probabilities', 'probabilities');
  const { epsilon, positive, negative } = run.loss;
  const [p, y] = [values[k], run.labels[k]];
  const inner = (negative[k] * (1 - y)) / (1 - p + epsilon) - (positive[k] * y) / (p + epsilon);
  return stepwise([
    { what: `probability p of ${labels[k]}`, value: p },
    { what: 'its label y', value: y },
    { what: 'slope of the sigmoid, p * (1 - p)', value: p * (1 - p) },
    { what: 'slope of the loss, w- (1 - y) / (1 - p + epsilon) - w+ y / (p + epsilon)', value: inner },
    { what: 'dL/dlogit, their product: nearly p - y where the weights are 1', value: p * (1 - p) * inner },
  ]);
}

/** dz = da where the ReLU is open. */
async function ofNorm({ graph, run, name, channel, y, x }: Asked) {
  const [relu] = graph.readers(name);
  const da = at(await run.map('gradient of relu', relu.name), y, x, channel);
  const z = at(await run.map('batchnorm', name), y, x, channel);
  return stepwise([
    { what: `da, the gradient behind ${relu.name}`, value: da },
    { what: 'z, which the ReLU read', value: z },
    { what: z > 0 ? 'z > 0: open, dz = da' : 'z <= 0: shut, dz = 0', value: z > 0 ? da : 0 },
  ]);
}

/** Every reader of the block's buffer passes something back to these channels. */
async function ofReaders({ graph, run, name, channel, y, x }: Asked, readers: readonly Layer[]) {
  const maps = await Promise.all(
    readers.map(({ kind, name }) => run.map(`gradient through ${kind}` as MapKind, name)),
  );
  const c = graph.offsetInBuffer(name) + channel;
  const rows = grid('readers', readers.length, 1, { top: 0, left: 0 }, (i) => [at(maps[i], y, x, c), 1]);
  return {
    a: 'what a reader passes back',
    b: '',
    ...summed([{ ...rows, words: readers.map((one) => one.name) }]),
  };
}

/** dx = gamma / sqrt(variance + epsilon) * (dz - mean(dz) - xhat * mean(dz * xhat)) */
async function throughNorm({ graph, run, y, x }: Asked, norm: Layer, channel: number) {
  const [z, dz, dgamma, dbeta, input] = await Promise.all([
    run.map('batchnorm', norm.name),
    run.map('gradient of batchnorm', norm.name),
    run.map('gradient of weights', `${norm.name}/gamma`),
    run.map('gradient of weights', `${norm.name}/beta`),
    run.map(graph.input(norm).kind as MapKind, graph.input(norm).name),
  ]);
  const { mean, variance, gamma, epsilon } = z.statistics!;
  const n = dz.shape[1] * dz.shape[2];
  const deviation = Math.sqrt(variance[channel] + epsilon);
  const own = at(dz, y, x, channel);
  const xhat = (at(input, y, x, channel) - mean[channel]) / deviation;
  const [meanOfDz, meanOfBoth] = [dbeta.values[channel] / n, dgamma.values[channel] / n];
  const inner = own - meanOfDz - xhat * meanOfBoth;
  return stepwise([
    { what: 'dz behind the batch norm', value: own },
    { what: 'mean(dz) over all pixels: the mean moves with every one of them', value: meanOfDz },
    { what: 'xhat', value: xhat },
    { what: 'mean(dz * xhat): the variance does too', value: meanOfBoth },
    { what: 'dz - mean(dz) - xhat * mean(dz * xhat)', value: inner },
    { what: 'gamma / sqrt(variance + epsilon)', value: gamma[channel] / deviation },
    { what: 'dx, their product', value: (gamma[channel] / deviation) * inner },
  ]);
}

/** Back through the only layer that reads the map. */
async function through(asked: Asked, reader: Layer) {
  const { graph, run, channel, y, x } = asked;
  const dy = await run.map(gradientOf(reader.kind), reader.name);
  const { kernel: side, stride, pad } = graph.window(reader);
  const [, height, width, channels] = dy.shape;
  switch (reader.kind) {
    case 'conv':
      return throughConvolution(asked, reader, dy);
    case 'avgpool': {
      const [row, column] = [Math.floor(y / stride), Math.floor(x / stride)];
      return stepwise([
        { what: `dy of the window (${row}, ${column})`, value: at(dy, row, column, channel) },
        { what: 'divided by the pixels of a window', value: at(dy, row, column, channel) / side ** 2 },
      ]);
    }
    case 'gap': {
      const { height: rows, width: columns } = graph.shape(graph.input(reader).name);
      return stepwise([
        { what: `dy of ${reader.name}, channel ${channel}`, value: dy.values[channel] },
        { what: 'divided by the pixels', value: dy.values[channel] / (rows * columns) },
      ]);
    }
    case 'dense': {
      const kernel = await run.weight(`${reader.name}/kernel`);
      const rows = grid('outputs', channels, 1, { top: 0, left: 0 }, (k) => [
        dy.values[k],
        kernel[channel * channels + k],
      ]);
      const words = Array.from({ length: channels }, (_, k) => `output ${k}`);
      return { a: 'dlogit[k]', b: `kernel[${channel},k]`, ...summed([{ ...rows, words }]) };
    }
    default: {
      const windows = await wonWindows(asked, reader, dy, { side, stride, pad, height, width });
      return { a: 'dy of each window that covers it', b: '1 where this pixel was the largest', ...windows };
    }
  }
}

/** dx[i,j,c] = sum over u,v,o of dy[(i - u + pad) / stride, (j - v + pad) / stride, o] * kernel[u,v,c,o]. */
async function throughConvolution({ graph, run, channel, y, x }: Asked, reader: Layer, dy: InspectedMap) {
  const { kernel: side, stride, pad } = graph.window(reader);
  const [, height, width, cout] = dy.shape;
  const weights = await run.weight(`${reader.name}/kernel`);
  const { cin } = reader;
  const [top, left] = [y, x].map((p) => Math.ceil((p + pad - side + 1) / stride));
  const terms = Array.from({ length: cout }, (_, o) =>
    grid(`channel ${o}`, side, side, { top, left }, (r, s) => {
      const [u, v] = [side - 1 - r, side - 1 - s];
      const [row, column] = [(y + pad - u) / stride, (x + pad - v) / stride];
      // Between two steps of the stride no output lies.
      const isOutside =
        ![row, column].every(Number.isInteger) || !inside(row, height) || !inside(column, width);
      const weight = weights[((u * side + v) * cin + channel) * cout + o];
      return [isOutside ? 0 : at(dy, row, column, o), weight, isOutside];
    }),
  );
  const names = { a: `dy of ${reader.name}`, b: `kernel[u,v,${channel},o], turned round` };
  return { ...names, ...(side > 1 ? summed(terms) : summedColumn(terms)) };
}

const inside = (place: number, size: number) => place >= 0 && place < size;

interface Windows {
  readonly side: number;
  readonly stride: number;
  readonly pad: number;
  readonly height: number;
  readonly width: number;
}

/** Windows of a max pool, and whether this pixel won them; the first of equal ones does. */
async function wonWindows(
  { graph, run, channel, y, x }: Asked,
  reader: Layer,
  dy: InspectedMap,
  { side, stride, pad, height, width }: Windows,
) {
  const front = graph.input(reader);
  const input = await run.map(front.kind as MapKind, front.name);
  const [, rows, columns] = input.shape;
  const winner = (i: number, j: number) => {
    let best: [value: number, row: number, column: number] = [Number.NEGATIVE_INFINITY, -1, -1];
    for (let u = 0; u < side; u++) {
      for (let v = 0; v < side; v++) {
        const [row, column] = [i * stride - pad + u, j * stride - pad + v];
        const isOutside = row < 0 || column < 0 || row >= rows || column >= columns;
        const value = isOutside ? 0 : at(input, row, column, channel);
        if (value > best[0]) best = [value, row, column];
      }
    }
    return best[1] === y && best[2] === x;
  };
  const first = (p: number) => Math.max(0, Math.ceil((p + pad - side + 1) / stride));
  const last = (p: number, size: number) => Math.min(size - 1, Math.floor((p + pad) / stride));
  const [top, left] = [first(y), first(x)];
  const [high, wide] = [last(y, height) - top + 1, last(x, width) - left + 1];
  const covering = grid('windows', high, wide, { top, left }, (i, j) => [
    at(dy, top + i, left + j, channel),
    winner(top + i, left + j) ? 1 : 0,
  ]);
  return summed([covering]);
}
