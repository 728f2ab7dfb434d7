/** Entry of a decode worker thread; built to dist/decodeWorker.js. */
import { parentPort } from 'node:worker_threads';
import sharp from 'sharp';
import { failureOf, type JobReply, type JobRequest, runJob } from './decodeJobs.node.js';

// The pool is what spreads the work over cores; libvips would start its own threads in each worker.
sharp.concurrency(1);
sharp.cache(false);

const port = parentPort;
port?.on('message', async ({ id, job }: JobRequest) => {
  let reply: JobReply;
  const moved: ArrayBuffer[] = [];
  try {
    const result = await runJob(job);
    if ('data' in result) moved.push(result.data.buffer as ArrayBuffer);
    reply = { id, result };
  } catch (error) {
    reply = { id, failure: failureOf(error, job) };
  }
  port.postMessage(reply, moved);
});
