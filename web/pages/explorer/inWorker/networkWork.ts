/** Functions of the worker for the levels of the picture. */
import type { InspectedMap, MapKind } from 'chexgpu';
import { type Call, Transferred, type WorkHost } from '../../../worker/protocol.js';
import { Graph } from '../graph/graph.js';
import type { AskedNumber, MapAsked, Opened, SubjectWish } from '../types.js';
import { explainBackward } from './explain/backward.js';
import { explainForward } from './explain/forward.js';
import type { Explained } from './explain/terms.js';
import { type ExplainedWeight, explainWeight } from './explain/weights.js';
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
    /** What the step does to one weight, `conv1/conv/kernel[0,0,0,5]`. */
    weight: async ({ text }: { text: string }): Promise<ExplainedWeight> => {
      const { run } = await session.seen();
      return explainWeight(graphOf(session), run, text);
    },
  };
}

const graphOf = ({ network: { config, size } }: SubjectSession) => new Graph(config, size);
