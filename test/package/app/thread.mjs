// The program in a worker thread; `shared`: with the environment of the process, not with a copy.
import { SHARE_ENV, Worker } from 'node:worker_threads';

const worker = new Worker(new URL('./program.mjs', import.meta.url), {
  env: process.argv.includes('shared') ? SHARE_ENV : undefined,
});
worker.on('error', ({ name, message, hint }) => console.log(JSON.stringify({ name, message, hint })));
