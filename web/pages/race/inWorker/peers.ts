/** TensorFlow.js beside our engine: in turns on the same adapter, by the rules of `chexgpu bench peers`. */
import { DenseNet, type DenseNetConfig, type FloatBatch } from 'chexgpu';
import type { Answers, EngineJob, EngineRunner } from '../../../../bench/peers/engineRunner.js';
import { allowed, firstAsReferee } from '../../../../bench/peers/judging.js';
import {
  BENCH_SEED,
  benchBatch,
  type PeerNetwork,
  peerNetwork,
} from '../../../../bench/peers/peerNetwork.js';
import type { PeerJob, PeerReport } from '../../../../bench/peers/peerReport.js';
import { raceInTurns, type TurnContext } from '../../../../bench/peers/turns.js';
import { GpuError } from '../../../../src/core/errors.js';
import type { Device } from '../../../worker/device.js';
import type { Call } from '../../../worker/protocol.js';
import type { Wishes } from '../types.js';
import { WorkerEngine } from './workerEngine.js';

/** For one answer of one engine, and for the further turns of one job. */
const LIMITS = { timeoutMs: 600_000, budgetMs: 60_000 };

/** Our own engine, in this worker. */
class OwnEngine implements EngineRunner {
  private model: DenseNet | null = null;
  private run: () => Promise<ArrayLike<number>> = () => Promise.reject(new GpuError('Nothing is open.'));

  constructor(
    private readonly device: Device,
    private readonly network: PeerNetwork,
  ) {}

  async ask<Op extends keyof Answers>(op: Op, _timeoutMs: number, job?: EngineJob): Promise<Answers[Op]> {
    if (op === 'open' && job) return (await this.open(job)) as Answers[Op];
    if (op !== 'run') throw new GpuError(`This engine does not know ${op}.`);
    const started = performance.now();
    const values = Float32Array.from(await this.run());
    return { ms: performance.now() - started, values } as Answers[Op];
  }

  private async open({ kind, batch, size }: EngineJob): Promise<Answers['open']> {
    const { gpu, words, checker } = this.device;
    const { config, weights } = this.network;
    const make = async () => {
      const model = await DenseNet.create(gpu, { config, weights });
      const ones = Array<number>(config.classes).fill(1);
      if (kind !== 'forward') await model.compile({ posWeights: ones, negWeights: ones, learningRate: 1e-4 });
      this.model = model;
      return model;
    };
    // The others are measured by it: its kernels have to be right.
    const first = await make();
    await first.planOf(kind === 'forward' ? 'predict' : 'train', batch, size);
    const wrong = await checker.checkWaiting();
    if (wrong.length > 0) await first.dispose();
    const model = wrong.length > 0 ? await make() : first;
    const data = benchBatch(config, batch, size, BENCH_SEED);
    const files = Array.from({ length: batch }, (_, i) => `image ${i}`);
    const input: FloatBatch = { count: batch, height: size, width: size, x: data.x, files };
    this.run =
      kind === 'forward'
        ? () => model.predict(input)
        : async () => {
            const loss = await model.trainStep({ ...input, labels: data.labels });
            // Adam is submitted after the loss was read.
            await gpu.idle();
            return [loss];
          };
    return { adapter: words.name };
  }

  async stop(): Promise<void> {
    await this.model?.dispose();
  }
}

/** Forward, and the training step where that is asked for, at a size and batch. @throws the signal's reason */
export async function raceTfjs(
  device: Device,
  config: DenseNetConfig,
  { kind: wished, batch, size, repeats }: Wishes,
  { signal, report }: Call,
): Promise<PeerReport> {
  const network = peerNetwork(config);
  const context: TurnContext = {
    ...LIMITS,
    engines: ['chexgpu', 'tfjs-webgpu'],
    rounds: repeats,
    start: (engine) =>
      engine === 'chexgpu' ? new OwnEngine(device, network) : new WorkerEngine(network, signal),
    jobFor: (job) => job as EngineJob,
    onProgress: (message) => report(message),
    versions: {},
    signal,
  };
  const results: PeerReport['results'] = [];
  const kinds = wished === 'predict' ? (['forward'] as const) : (['forward', 'trainStep'] as const);
  for (const kind of kinds) {
    signal.throwIfAborted();
    const job: PeerJob = { kind, batch, size };
    const note = 'its kernels were checked against their references; the others are measured by it';
    const referee = firstAsReferee('chexgpu, its kernels checked', allowed(job), note);
    results.push(await raceInTurns(context, job, referee));
  }
  const { versions } = context;
  return { date: new Date().toISOString(), adapter: device.words.name, versions, results };
}
