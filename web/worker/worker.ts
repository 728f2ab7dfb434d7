/** The module worker of a page: loads the page's work and carries out its calls. */
import { findPage } from '../pages/registry.js';
import { type FromWorker, type SentError, type ToWorker, Transferred, type Work } from './protocol.js';

interface WorkerScope {
  postMessage(message: FromWorker, transfer?: Transferable[]): void;
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
}
const scope = globalThis as unknown as WorkerScope;

let work: Promise<Work> | null = null;
const running = new Map<number, AbortController>();

function asSent(error: unknown): SentError {
  if (error instanceof Error) return { name: error.name, message: error.message };
  return { name: 'Error', message: String(error) };
}

async function open(page: string): Promise<Work> {
  const { makeWork } = await findPage(page).work();
  return makeWork({ emit: (name, detail) => scope.postMessage({ kind: 'event', name, detail }) });
}

async function carryOut(id: number, method: string, args: unknown): Promise<void> {
  const control = new AbortController();
  running.set(id, control);
  try {
    const known = await work;
    if (!known || !Object.hasOwn(known, method)) throw new Error(`The worker has no ${method}.`);
    const result = await known[method](args, {
      signal: control.signal,
      report: (what, done = 0, total = 0) =>
        scope.postMessage({ kind: 'progress', id, progress: { what, done, total } }),
    });
    if (result instanceof Transferred) {
      scope.postMessage({ kind: 'result', id, result: result.result }, result.transfer);
    } else {
      scope.postMessage({ kind: 'result', id, result });
    }
  } catch (error) {
    scope.postMessage({ kind: 'error', id, error: asSent(error) });
  } finally {
    running.delete(id);
  }
}

scope.onmessage = ({ data }) => {
  if (data.kind === 'open') work = open(data.page);
  else if (data.kind === 'abort') running.get(data.id)?.abort();
  else void carryOut(data.id, data.method, data.args);
};
