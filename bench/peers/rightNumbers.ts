/**
 * Who says what is right: ONNX Runtime on the CPU. For training it gives the probabilities with the batch's own
 * statistics, and the loss of these is taken in float64.
 */
import { weightedCrossEntropy } from '../../src/training/losses/weightedCrossEntropy.js';
import { allowed, firstAsReferee, type Referee, refereeOf } from './judging.js';
import type { BenchFiles } from './peerFiles.js';
import type { PeerJob } from './peerReport.js';
import { childJob, type RaceContext, startEngine } from './raceContext.js';

/** Without ONNX Runtime there is none: `firstAsReferee`. */
export async function findReferee(context: RaceContext, job: PeerJob): Promise<Referee> {
  const training = job.kind === 'trainStep' || job.kind === 'memory';
  const most = allowed(job);
  const { labels } = context.files.prepare(job.batch, job.size, training ? 'batch' : 'moving');
  const process = startEngine(context, 'onnxruntime-cpu');
  try {
    const kind = training ? 'statistics' : 'forward';
    await process.ask('open', context.timeoutMs, { ...childJob(context, job), kind });
    const { values } = await process.ask('run', context.timeoutMs);
    const right = training ? [lossOf(context.files, values, labels)] : values;
    return refereeOf('onnxruntime-cpu', right, most);
  } catch (error) {
    context.signal?.throwIfAborted();
    return firstAsReferee(`none, as onnxruntime-cpu failed: ${(error as Error).message}`, most);
  } finally {
    await process.stop();
  }
}

function lossOf({ config }: BenchFiles, probabilities: Float32Array, labels: Float32Array): number {
  const ones = Array<number>(config.classes).fill(1);
  return weightedCrossEntropy({ posWeights: ones, negWeights: ones }).value(probabilities, labels);
}
