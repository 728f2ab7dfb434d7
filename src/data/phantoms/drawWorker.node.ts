/** Entry of a drawing thread; built to dist/drawWorker.js. */
import sharp from 'sharp';
import { serveJobs } from '../../core/parallel/threadPool.node.js';
import { runDrawJob } from './drawJobs.node.js';

// One drawing per thread is what spreads the work over cores.
sharp.concurrency(1);
sharp.cache(false);

serveJobs(
  runDrawJob,
  ({ png }) => [png.buffer as ArrayBuffer],
  ({ spec }) => `${spec.image}: drawing failed`,
);
