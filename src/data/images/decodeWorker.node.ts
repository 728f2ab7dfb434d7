/** Entry of a decode worker thread; built to dist/decodeWorker.js. */
import { loadSharpForThread } from '../../core/host/optionalPackages.node.js';
import { serveJobs } from '../../core/parallel/threadPool.node.js';
import { type DecodeJob, runJob } from './decodeJobs.node.js';

serveJobs(
  async (job: DecodeJob) => {
    await loadSharpForThread();
    return runJob(job);
  },
  (result) => ('data' in result ? [result.data.buffer as ArrayBuffer] : []),
  ({ file }) => `${file}: decoding failed`,
);
