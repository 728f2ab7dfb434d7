/** Entry of a drawing thread; built to dist/drawWorker.js. */
import { loadSharpForThread } from '../../core/host/optionalPackages.node.js';
import { serveJobs } from '../../core/parallel/threadPool.node.js';
import { type DrawJob, runDrawJob } from './drawJobs.node.js';

serveJobs(
  async (job: DrawJob) => {
    await loadSharpForThread();
    return runDrawJob(job);
  },
  ({ png }) => [png.buffer as ArrayBuffer],
  ({ spec }) => `${spec.image}: drawing failed`,
);
