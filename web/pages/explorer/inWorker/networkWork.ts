/** Functions of the worker for the levels of the picture. */
import type { WorkHost } from '../../../worker/protocol.js';
import type { Opened, SubjectWish } from '../types.js';
import type { SubjectSession } from './subject.js';

export function makeNetworkWork(_host: WorkHost, session: SubjectSession) {
  return {
    /** What is looked at from now on. */
    look: async (wish: SubjectWish): Promise<Opened> => {
      const { device, network, labels, picture, batch } = await session.look(wish);
      return {
        adapter: device.words,
        network: network.id,
        labels,
        picture: picture.name,
        positive: [...batch.labels.keys()].filter((c) => batch.labels[c] === 1),
      };
    },
    /** A picture of the reader's own, to be looked at as `image: id`. */
    addFile: async ({ id, file }: { id: string; file: File }) => {
      const { name } = await session.addFile(id, file, file.name);
      return name;
    },
  };
}
