import { predictAll } from './prediction.js';

const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
const answered = new Promise((resolve, reject) => {
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = ({ message }) => reject(new Error(`the worker: ${message}`));
});
worker.postMessage(document.baseURI);
globalThis.outcome = await Promise.all([predictAll(document.baseURI), answered]).then(
  ([inPage, inWorker]) => ({ inPage, inWorker }),
  ({ message }) => ({ message }),
);
