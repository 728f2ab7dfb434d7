/** TensorFlow.js on its WebGPU backend, in a worker of its own: `race-tfjs.js`, fetched when somebody asks for it. */
import * as core from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-webgpu';
import { version_core } from '@tensorflow/tfjs-core';
import { input, layers, model } from '@tensorflow/tfjs-layers';
import type { Answers } from '../../../../bench/peers/engineRunner.js';
import { tfjsRun } from '../../../../bench/peers/engines/tfjsNetwork.mjs';
import type { Answer, Question } from './workerEngine.js';

interface WorkerScope {
  postMessage(message: Answer): void;
  onmessage: ((event: MessageEvent<Question>) => void) | null;
}
const scope = globalThis as unknown as WorkerScope;

let run: (() => Promise<ArrayLike<number>>) | null = null;

async function open({ job, network }: Question): Promise<Answers['open']> {
  if (!job || !network) throw new Error('There is no job to open.');
  core.enableProdMode();
  if (!(await core.setBackend('webgpu'))) throw new Error('TensorFlow.js did not take its WebGPU backend');
  await core.ready();
  const { device } = core.backend() as unknown as { device: GPUDevice };
  const { description, device: chip, vendor, architecture } = device.adapterInfo;
  run = tfjsRun({ ...core, input, layers, model }, network, job);
  return {
    adapter: description || chip || `${vendor} ${architecture}`.trim() || null,
    versions: { '@tensorflow/tfjs-core': version_core },
  };
}

async function answer(question: Question): Promise<unknown> {
  if (question.op === 'open') return open(question);
  if (question.op !== 'run' || !run) throw new Error(`TensorFlow.js has no ${question.op} here.`);
  const started = performance.now();
  const values = Float32Array.from(await run());
  return { ms: performance.now() - started, values };
}

scope.onmessage = ({ data }) => {
  const { id } = data;
  answer(data).then(
    (result) => scope.postMessage({ id, result }),
    (error: unknown) =>
      scope.postMessage({ id, error: error instanceof Error ? error.message : String(error) }),
  );
};
