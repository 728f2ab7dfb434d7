/** What the Explorer has done in its worker, put together of what its tabs need. */
import type { WorkHost } from '../../../worker/protocol.js';
import { makeDebuggerWork } from '../debugger/inWorker.js';
import { makeCamWork } from '../gradcam/inWorker.js';
import { makeWhatIfWork } from '../whatIf/inWorker.js';
import { makeNetworkWork } from './networkWork.js';
import { SubjectSession } from './subject.js';

export type ExplorerWork = ReturnType<typeof makeWork>;

export function makeWork(host: WorkHost) {
  const session = new SubjectSession(host);
  return {
    ...makeNetworkWork(host, session),
    ...makeDebuggerWork(session),
    ...makeWhatIfWork(session),
    ...makeCamWork(session),
  };
}
