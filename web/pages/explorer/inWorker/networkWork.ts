/** Functions of the worker for the levels of the picture. */
import type { InspectedMap, MapKind } from 'chexgpu';
import { explainBackward } from '../../../../src/densenet/trace/backward.js';
import { explainForward } from '../../../../src/densenet/trace/forward.js';
import type { Explained } from '../../../../src/densenet/trace/terms.js';
import { type ExplainedWeight, explainWeight } from '../../../../src/densenet/trace/weights.js';
import { type Call, Transferred, type WorkHost } from '../../../worker/protocol.js';
import { Graph } from '../graph/graph.js';
import type { AskedNumber, MapAsked, Opened, SubjectWish } from '../types.js';
import { type Moved, movesOf } from './moves.js';
import type { SubjectSession } from './subject.js';

export function makeNetworkWork(_host: WorkHost, session: SubjectSession) {
  return {
    /** What is looked at from now on. */
    look: async (wish: SubjectWish): Promise<Opened> => {
      const { run, adapter, labels, name, recorded } = await session.look(wish);
      const { network } = session;
      const positive = run.labels.flatMap((y, c) => (y === 1 ? [c] : []));
      const { pixels, loss, adam } = run;
      return { adapter, network: network.id, labels, picture: name, positive, pixels, loss, adam, recorded };
    },
    /** A picture of the reader's own, to be looked at as `image: id`. */
    addFile: async ({ id, file }: { id: string; file: File }) => {
      const { name } = await session.addFile(id, file, file.name);
      return name;
    },
    /** Checks the kernels in use; where one is wrong, `look` has to be called again. @returns those that are wrong */
    check: () => session.check(),
    /** A whole map with what made it. */
    map: async ({ kind, name }: MapAsked): Promise<Transferred<InspectedMap>> => {
      const { run } = await session.seen();
      const map = await run.map(kind as MapKind, name);
      const values = map.values.slice();
      return new Transferred({ ...map, values }, [values.buffer]);
    },
    /** One number taken apart; null for what nobody computes. */
    explain: async ({ direction, ...place }: AskedNumber, _call: Call): Promise<Explained | null> => {
      const { run, labels } = await session.seen();
      const asked = { graph: graphOf(session), run, ...place };
      return direction === 'backward' ? explainBackward(asked, labels) : explainForward(asked, labels);
    },
    /** How far the step moves the weights of each layer. */
    moves: async (): Promise<readonly Moved[]> => movesOf((await session.seen()).run, graphOf(session)),
    /** The weights that make one channel of a layer; null for a layer without any. */
    kernel: ({ name, channel }: { name: string; channel: number }) => kernelOf(session, name, channel),
    /** What the step does to one weight, `conv1/conv/kernel[0,0,0,5]`. */
    weight: async ({ text }: { text: string }): Promise<ExplainedWeight> => {
      const { run } = await session.seen();
      return explainWeight(graphOf(session), run, text);
    },
  };
}

/** The weights that make one channel, before and after the step; kernel[u,v,c] or one number. */
export interface KernelSlice {
  readonly name: string;
  /** Of the tensor that it is cut from. */
  readonly key: string;
  readonly rows: number;
  readonly columns: number;
  readonly cin: number;
  /** [u,v,c] each. */
  readonly before: Float32Array;
  readonly gradient: Float32Array;
  readonly m: Float32Array;
  readonly v: Float32Array;
  readonly after: Float32Array;
}

async function kernelOf(session: SubjectSession, name: string, channel: number): Promise<KernelSlice | null> {
  const { run } = await session.seen();
  const graph = graphOf(session);
  const { kind, kernel, cin, cout } = graph.layer(name);
  const key = kind === 'batchnorm' ? `${name}/gamma` : `${name}/kernel`;
  if (kind !== 'conv' && kind !== 'dense' && kind !== 'batchnorm') return null;
  const [weight, gradient, update] = await Promise.all([
    run.weight(key),
    run.map('gradient of weights', key),
    run.update(),
  ]);
  const isNorm = kind === 'batchnorm';
  const [from, step] = [channel, isNorm ? weight.length : cout];
  const slice = (values: Float32Array) => {
    const length = isNorm ? 1 : values.length / step;
    return Float32Array.from({ length }, (_, i) => values[i * step + from]);
  };
  const [m, v, after] = [update.m, update.v, update.after].map((slot) => slice(slot.get(key)!));
  const shape = { rows: kernel, columns: kernel, cin: isNorm ? 1 : cin };
  return { name, key, ...shape, before: slice(weight), gradient: slice(gradient.values), m, v, after };
}

const graphOf = ({ network: { config, size } }: SubjectSession) => new Graph(config, size);
