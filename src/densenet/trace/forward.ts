/** How a number of the forward pass came about. */
import type { InspectedMap } from '../../training/inspection/inspect.js';
import type { Layer } from '../architecture.js';
import { isEnd } from './graph.js';
import { type Asked, at, type Explained, grid, said, stepwise, summed, summedColumn } from './terms.js';

export async function explainForward(asked: Asked, labels: readonly string[]): Promise<Explained> {
  const { graph, run, name, channel, y, x } = asked;
  if (isEnd(name)) return explainEnd(asked, labels);
  const layer = graph.layer(name);
  const map = await run.map(layer.kind as 'conv', name);
  const own = said(map, asked);
  if (layer.kind === 'input') return explainInput(asked, own);
  if (layer.kind === 'concat') {
    const written = graph.written(name, channel);
    const steps = [
      { what: `${written.name}, channel ${written.channel}: the same number in the buffer`, value: own.gpu },
    ];
    return { ...own, ...stepwise(steps) };
  }
  const front = graph.input(layer);
  const input = await run.map(front.kind as 'conv', front.name);
  switch (layer.kind) {
    case 'conv':
      return {
        ...own,
        a: `x: ${front.name}`,
        b: `kernel[u,v,c,${channel}]`,
        ...(await convolution(asked, layer, input)),
      };
    case 'dense':
      return {
        ...own,
        a: `x: ${front.name}`,
        b: `kernel[c,${channel}]`,
        ...(await denseLayer(asked, input)),
      };
    case 'batchnorm':
      return { ...own, ...stepwise(normSteps(map, at(input, y, x, channel), channel)) };
    case 'relu': {
      const value = at(input, y, x, channel);
      const steps = [
        { what: `x of ${front.name}`, value },
        { what: 'max(0, x)', value: Math.max(0, value) },
      ];
      return { ...own, ...stepwise(steps) };
    }
    case 'maxpool':
    case 'avgpool':
      return {
        ...own,
        a: `x: ${front.name}`,
        b: layer.kind === 'maxpool' ? '' : '1 / pixels',
        ...pooled(asked, layer, input),
      };
    default: {
      const [, rows, columns] = input.shape;
      const share = 1 / (rows * columns);
      const mean = grid('all pixels', rows, columns, { top: 0, left: 0 }, (i, j) => [
        at(input, i, j, channel),
        share,
      ]);
      return { ...own, a: `x: ${front.name}`, b: '1 / pixels', ...summed([mean]) };
    }
  }
}

async function convolution({ graph, run, channel, y, x }: Asked, layer: Layer, input: InspectedMap) {
  const { kernel: side, stride, pad } = graph.window(layer);
  const weights = await run.weight(`${layer.name}/kernel`);
  const [, height, width, cin] = input.shape;
  const [top, left] = [y * stride - pad, x * stride - pad];
  const terms = Array.from({ length: cin }, (_, c) =>
    grid(`channel ${c}`, side, side, { top, left }, (u, v) => {
      const [row, column] = [top + u, left + v];
      const isOutside = row < 0 || column < 0 || row >= height || column >= width;
      const weight = weights[((u * side + v) * cin + c) * layer.cout + channel];
      return [isOutside ? 0 : at(input, row, column, c), weight, isOutside];
    }),
  );
  return side > 1 ? summed(terms) : summedColumn(terms);
}

async function denseLayer({ run, name, channel }: Asked, input: InspectedMap) {
  const kernel = await run.weight(`${name}/kernel`);
  const bias = await run.weight(`${name}/bias`);
  const cin = input.shape[3];
  const classes = bias.length;
  const terms = Array.from({ length: cin }, (_, c) =>
    grid(`channel ${c}`, 1, 1, { top: 0, left: 0 }, () => [input.values[c], kernel[c * classes + channel]]),
  );
  const all = summedColumn(terms);
  return { ...all, bias: bias[channel], reference: all.reference + bias[channel] };
}

/** gamma * (x - mean) / sqrt(variance + epsilon) + beta, a line at a time. */
function normSteps({ statistics }: InspectedMap, x: number, c: number) {
  const { mean, variance, gamma, beta, epsilon, by } = statistics!;
  const centred = x - mean[c];
  const deviation = Math.sqrt(variance[c] + epsilon);
  const xhat = centred / deviation;
  return [
    { what: 'x', value: x },
    { what: `mean of the ${by === 'batch' ? 'batch' : 'moving averages'}`, value: mean[c] },
    { what: 'x - mean', value: centred },
    { what: 'variance', value: variance[c] },
    { what: 'sqrt(variance + epsilon)', value: deviation },
    { what: 'xhat = (x - mean) / sqrt(variance + epsilon)', value: xhat },
    { what: 'gamma', value: gamma[c] },
    { what: 'beta', value: beta[c] },
    { what: 'gamma * xhat + beta', value: gamma[c] * xhat + beta[c] },
  ];
}

function pooled({ graph, channel, y, x }: Asked, layer: Layer, input: InspectedMap) {
  const { kernel, stride, pad } = graph.window(layer);
  const [, height, width] = input.shape;
  const [top, left] = [y * stride - pad, x * stride - pad];
  const isMax = layer.kind === 'maxpool';
  const share = isMax ? 1 : 1 / kernel ** 2;
  const window = grid('the window', kernel, kernel, { top, left }, (u, v) => {
    const [row, column] = [top + u, left + v];
    const isOutside = row < 0 || column < 0 || row >= height || column >= width;
    return [isOutside ? 0 : at(input, row, column, channel), share, isOutside];
  });
  if (!isMax) return summed([window]);
  return { ...summed([window]), how: 'max' as const, reference: Math.max(...window.a) };
}

/** The pixel, and how the batch normalises it. */
async function explainInput({ run, y, x, channel }: Asked, own: ReturnType<typeof said>): Promise<Explained> {
  const { values, width, channels, normalisation } = run.pixels;
  const pixel = values[(y * width + x) * channels + (channels === 1 ? 0 : channel)];
  const raw = { what: 'pixel, 0 to 255', value: pixel };
  if (normalisation.kind === 'none') return { ...own, ...stepwise([raw]) };
  const isOwn = normalisation.kind === 'samplewise';
  const [mean, deviation] = isOwn
    ? meanAndDeviation(values)
    : [normalisation.mean[channel], normalisation.std[channel]];
  const { epsilon } = normalisation;
  const steps = [
    raw,
    { what: isOwn ? "mean of the picture's pixels" : "the weights' own mean of the channel", value: mean },
    { what: 'their standard deviation', value: deviation },
    { what: '(pixel - mean) / (deviation + epsilon)', value: (pixel - mean) / (deviation + epsilon) },
  ];
  return { ...own, ...stepwise(steps) };
}

/** Over height, width and channels. */
function meanAndDeviation(values: readonly number[]): [number, number] {
  const mean = values.reduce((sum, one) => sum + one, 0) / values.length;
  const variance = values.reduce((sum, one) => sum + (one - mean) ** 2, 0) / values.length;
  return [mean, Math.sqrt(variance)];
}

/** What comes behind the logits. */
async function explainEnd(
  { graph, run, name, channel }: Asked,
  labels: readonly string[],
): Promise<Explained> {
  const head = graph.layers[graph.layers.length - 1];
  const y = run.labels;
  const here = { y: 0, x: 0, channel };
  if (name === 'probabilities') {
    const map = await run.map('probabilities', 'probabilities');
    const logits = await run.map('dense', head.name);
    const z = logits.values[channel];
    const steps = [
      { what: `logit of ${labels[channel]}`, value: z },
      { what: 'exp(-logit)', value: Math.exp(-z) },
      { what: 'p = 1 / (1 + exp(-logit))', value: 1 / (1 + Math.exp(-z)) },
    ];
    return { ...said(map, here), ...stepwise(steps) };
  }
  const p = await run.map('probabilities', 'probabilities');
  const { epsilon, positive, negative } = run.loss;
  const termOf = (k: number) =>
    y[k] === 1
      ? -positive[k] * Math.log(p.values[k] + epsilon)
      : -negative[k] * Math.log(1 - p.values[k] + epsilon);
  if (name === 'loss') {
    const map = await run.map('loss', 'loss');
    const rows = grid('labels', labels.length, 1, { top: 0, left: 0 }, (k) => [termOf(k), 1]);
    const named = { ...rows, words: labels.map((label, k) => `${label}, label ${y[k]}`) };
    return { ...said(map, { y: 0, x: 0, channel: 0 }), a: 'term of each label', b: '', ...summed([named]) };
  }
  const map = await run.map('loss terms', 'loss terms');
  const isPositive = y[channel] === 1;
  const weight = isPositive ? positive[channel] : negative[channel];
  const inside = isPositive ? p.values[channel] : 1 - p.values[channel];
  const steps = [
    { what: `label of ${labels[channel]}`, value: y[channel] },
    { what: 'p', value: p.values[channel] },
    { what: isPositive ? 'ln(p + epsilon)' : 'ln(1 - p + epsilon)', value: Math.log(inside + epsilon) },
    { what: `weight of a ${isPositive ? 'positive' : 'negative'} label`, value: weight },
    { what: 'term of the loss = -weight * ln(..)', value: termOf(channel) },
  ];
  const values = map.values;
  const stored = values[isPositive ? channel : labels.length + channel];
  return {
    ...said(map, here),
    title: `loss terms[0,${isPositive ? 0 : 1},${channel}]`,
    gpu: -stored,
    ...stepwise(steps),
  };
}
