/** Entry of a decode worker thread; built to dist/decodeWorker.js. */
import sharp from 'sharp';
import { serveJobs } from '../../core/parallel/threadPool.node.js';
import { runJob } from './decodeJobs.node.js';

// The pool is what spreads the work over cores; libvips would start its own threads in each worker.
sharp.concurrency(1);
sharp.cache(false);

serveJobs(
  runJob,
  (result) => ('data' in result ? [result.data.buffer as ArrayBuffer] : []),
  ({ file }) => `${file}: decoding failed`,
);
