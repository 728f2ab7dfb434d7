/** One way of one number from a pixel to the loss, of the many there are: at each fork the one that matters most. */
import { UsageError } from '../../core/errors.js';
import type { MapKind } from '../../training/inspection/formulas.js';
import type { Layer } from '../architecture.js';
import type { Graph } from './graph.js';
import type { RunValues } from './stepValues.js';
import { at } from './terms.js';

/** A number of a layer's map; channels of a concatenation count in the block's buffer. */
export interface PathPlace {
  readonly name: string;
  readonly channel: number;
  readonly y: number;
  readonly x: number;
}

export interface PathWish {
  /** Row and column of the picture at the network's size. */
  readonly pixel: readonly [row: number, column: number];
  /** Output whose logit the way ends in. */
  readonly output: number;
  /** Of a weight of the first convolution: its place in the window, the channel it reads, and that it makes. */
  readonly first: {
    readonly tap: readonly [u: number, v: number, c: number];
    readonly channel: number;
  } | null;
}

export const PATH_RULE =
  'The first convolution: of the windows that the pixel lies in, the one where |pixel * weight * gradient behind its ' +
  'batch norm| is greatest. A dense block: through one layer, the one with the greatest gradient behind its first ' +
  "batch norm at our number, then along the block's buffer to its end. Every other convolution: to the output where " +
  '|value * weight * gradient| is greatest.';

interface Walk {
  readonly graph: Graph;
  readonly run: RunValues;
  readonly places: PathPlace[];
}

/** @throws UsageError for a pixel outside of the picture */
export async function findPath(graph: Graph, run: RunValues, wish: PathWish): Promise<PathPlace[]> {
  const { size } = graph;
  const [row, column] = wish.pixel;
  if (![row, column].every((p) => Number.isInteger(p) && p >= 0 && p < size)) {
    throw new UsageError(
      `pixel ${row},${column} lies outside of the picture, which has ${size}x${size} pixels here.`,
      `Rows and columns are 0 to ${size - 1}.`,
    );
  }
  const input = graph.layers.find(({ kind }) => kind === 'input')!;
  const walk = { graph, run, places: [] };
  await firstConvolution(walk, input, wish);
  for (;;) {
    const { name, channel } = walk.places[walk.places.length - 1];
    const readers = graph.finalReaders(name);
    if (graph.layer(name).kind === 'dense') return walk.places;
    const inBlock = readers.filter(({ section }) => section === 'dense');
    const isFork = readers.length > 1 || inBlock.length > 0;
    const wasThrough = graph.layer(name).section === 'dense';
    if (isFork && inBlock.length > 0 && !wasThrough) await throughDenseLayer(walk, inBlock);
    else await follow(walk, readers[readers.length - 1], graph.offsetInBuffer(name) + channel, wish.output);
  }
}

async function firstConvolution({ graph, run, places }: Walk, input: Layer, { pixel, first }: PathWish) {
  const [conv] = graph.finalReaders(input.name);
  const [norm] = graph.finalReaders(conv.name);
  const behind = norm.kind === 'batchnorm' ? norm : conv;
  const { kernel: side, stride, pad } = graph.window(conv);
  const [x, weights, gradient] = await Promise.all([
    run.map('input', input.name),
    run.weight(`${conv.name}/kernel`),
    run.map(`gradient of ${behind.kind}` as MapKind, behind.name),
  ]);
  const [, height, width, channels] = gradient.shape;
  const [, rows, columns, cin] = x.shape;
  const [row, column] = pixel;
  const c = first?.tap[2] ?? 0;
  const found = best(windowsOver(row, column, { side, stride, pad, height, width }), ([i, j, u, v]) => {
    const [q, r] = first ? [i * stride - pad + first.tap[0], j * stride - pad + first.tap[1]] : [0, 0];
    if (q < 0 || r < 0 || q >= rows || r >= columns) return [];
    const own = first ? [first.channel] : Array.from({ length: channels }, (_, o) => o);
    return own.map((o) => {
      const product = at(x, row, column, c) * weights[((u * side + v) * cin + c) * channels + o];
      return { i, j, o, score: Math.abs(product * at(gradient, i, j, o)), also: Math.abs(product) };
    });
  });
  if (!found) {
    throw new UsageError(
      `The pixel ${row},${column} and the weight never meet in an output of ${conv.name}.`,
      'Take a pixel farther from the edge, or a weight nearer to the middle of the window.',
    );
  }
  places.push({ name: input.name, y: row, x: column, channel: c });
  places.push({ name: conv.name, y: found.i, x: found.j, channel: found.o });
}

/** Outputs [i,j] whose window covers a place, with the place [u,v] in that window. */
function windowsOver(
  y: number,
  x: number,
  { side, stride, pad, height, width }: Record<'side' | 'stride' | 'pad' | 'height' | 'width', number>,
): [i: number, j: number, u: number, v: number][] {
  const along = (p: number, size: number) =>
    Array.from({ length: side }, (_, u) => [(p + pad - u) / stride, u] as const).filter(
      ([i]) => Number.isInteger(i) && i >= 0 && i < size,
    );
  return along(y, height).flatMap(([i, u]) =>
    along(x, width).map(([j, v]): [number, number, number, number] => [i, j, u, v]),
  );
}

interface Candidate {
  i: number;
  j: number;
  o: number;
  score: number;
  /** Decides where all scores are 0. */
  also: number;
}

function best<T>(from: readonly T[], candidates: (one: T) => Candidate[]): Candidate | undefined {
  const all = from.flatMap(candidates);
  return all.sort((p, q) => q.score - p.score || q.also - p.also)[0];
}

/** Through one layer of a block, up to where its new channels lie in the buffer. */
async function throughDenseLayer(walk: Walk, readers: readonly Layer[]): Promise<void> {
  const { graph, run, places } = walk;
  const { name, channel, y, x } = places[places.length - 1];
  const c = graph.offsetInBuffer(name) + channel;
  const gradients = await Promise.all(
    readers.map(({ kind, name: one }) => run.map(`gradient of ${kind}` as MapKind, one)),
  );
  const size = (i: number) => Math.abs(at(gradients[i], y, x, c));
  const chosen = readers.reduce((most, _, i) => (size(i) > size(most) ? i : most), 0);
  let reader: Layer | undefined = readers[chosen];
  let next = c;
  while (reader && reader.kind !== 'concat') {
    await follow(walk, reader, next, 0);
    const last = places[places.length - 1];
    next = last.channel;
    reader = graph.readers(last.name)[0];
  }
  const last = places[places.length - 1];
  if (reader)
    places.push({ ...last, name: reader.name, channel: graph.offsetInBuffer(last.name) + last.channel });
  // From here on it is the number that the layer appended.
  places.push(last);
}

/** To the number of `reader` that the last one goes into. */
async function follow({ graph, run, places }: Walk, reader: Layer, channel: number, output: number) {
  const { y, x } = places[places.length - 1];
  const { name, kind } = reader;
  const place = (own: Partial<PathPlace>) => places.push({ name, channel, y, x, ...own });
  if (kind === 'gap') return place({ y: 0, x: 0 });
  if (kind === 'dense') return place({ y: 0, x: 0, channel: output });
  if (kind === 'conv') return place(await strongest({ graph, run, places }, reader, channel));
  const { kernel: side, stride, pad } = graph.window(reader);
  if (kind !== 'maxpool' && kind !== 'avgpool') return place({});
  const { height, width } = graph.shape(name);
  const windows = windowsOver(y, x, { side, stride, pad, height, width });
  if (windows.length === 0) {
    throw new UsageError(`${name} leaves out the place ${y},${x} of what it reads.`, 'Take another pixel.');
  }
  const pooled = await run.map(kind, name);
  const front = graph.input(reader);
  const own = at(await run.map(front.kind as MapKind, front.name), y, x, channel);
  // A window that it wins, where there is one.
  const won = windows.find(([i, j]) => at(pooled, i, j, channel) === own);
  const [i, j] = won ?? windows[0];
  return place({ y: i, x: j });
}

/** The output of a convolution that a number of its input says most to, as far as the loss goes. */
async function strongest({ graph, run, places }: Walk, conv: Layer, channel: number) {
  const { y, x } = places[places.length - 1];
  const front = graph.input(conv);
  const [input, gradient, weights] = await Promise.all([
    run.map(front.kind as MapKind, front.name),
    run.map('gradient of conv', conv.name),
    run.weight(`${conv.name}/kernel`),
  ]);
  const { kernel: side, stride, pad } = graph.window(conv);
  const [, height, width, cout] = gradient.shape;
  const value = at(input, y, x, channel);
  const found = best(windowsOver(y, x, { side, stride, pad, height, width }), ([i, j, u, v]) =>
    Array.from({ length: cout }, (_, o) => {
      const weight = weights[((u * side + v) * conv.cin + channel) * cout + o];
      const also = Math.abs(weight * at(gradient, i, j, o));
      return { i, j, o, score: Math.abs(value) * also, also };
    }),
  )!;
  return { y: found.i, x: found.j, channel: found.o };
}
