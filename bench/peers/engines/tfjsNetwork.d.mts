import type { EngineJob } from '../engineRunner.js';
import type { BenchBatch, PeerNetwork } from '../peerNetwork.js';

export function tfjsRun(
  tf: object,
  network: PeerNetwork,
  job: Pick<EngineJob, 'kind' | 'batch' | 'size'> & BenchBatch,
): () => Promise<ArrayLike<number>>;
