/** `chexgpu bench model`: prediction, training step, memory and input pipeline; measured by bench/model. */
import {
  type BenchDocument,
  FORMAT,
  FORMAT_VERSION,
  type ModelReport,
} from '../../../bench/document/document.js';
import { benchModel } from '../../../bench/model/benchModel.js';
import { benchPipeline } from '../../../bench/model/inputPipeline.js';
import { benchScaling } from '../../../bench/model/scaling.js';
import { type Workload, workloadName, workloadOf } from '../../../bench/model/workload.js';
import { densenetConfig } from '../../densenet/architecture.js';
import type { Gpu } from '../../engine/device/gpu.js';
import { type NodeGpu, openNodeGpu } from '../../engine/device/gpu.node.js';
import type { GpuInfo } from '../../engine/device/gpuInfo.js';
import { matrixObstacle } from '../../engine/wgsl/subgroupMatrix.js';
import { define } from '../defineCommand.js';
import { option, wholeNumber } from '../flags/sharedFlags.js';
import type { CommandContext } from '../session/commandContext.js';
import { type Session, withSession } from '../session/gpuSession.js';
import { useTuning } from '../session/kernelTuning.js';
import { benchHeader } from './header.js';
import { addResultOptions, addWorkOptions, type ResultFlags, seconds, type WorkFlags } from './options.js';
import { peaksWithProgress } from './peaks.js';
import { beforeMeasuring, finish } from './result.js';

interface ModelFlags extends ResultFlags, WorkFlags {
  scaling: boolean;
  samples?: number;
  budget?: number;
  memory?: number;
  workers?: number;
}

const KINDS = ['predict', 'train'] as const;

/** For the growth. Software adapters share their memory with everything else on the machine. */
const SCALING: Record<GpuInfo['kind'], { size: number; batch: number; budgetMs: number; maxBytes: number }> =
  {
    software: { size: 64, batch: 1, budgetMs: 240_000, maxBytes: 2 * 2 ** 30 },
    hardware: { size: 224, batch: 8, budgetMs: 180_000, maxBytes: 16 * 2 ** 30 },
  };

/** A device on which nothing is compiled, with what is known of the adapter. */
async function withFreshGpu<T>(
  context: CommandContext,
  { gpu }: NodeGpu,
  flags: ModelFlags,
  work: (fresh: Gpu) => Promise<T>,
): Promise<T> {
  const fresh = await openNodeGpu();
  try {
    for (const name of gpu.broken) fresh.gpu.broken.add(name);
    await useTuning(context, fresh, flags);
    return await work(fresh.gpu);
  } finally {
    fresh.gpu.dispose();
  }
}

async function measure(context: CommandContext, { node, pool }: Session, flags: ModelFlags) {
  const { out, signal } = context;
  const { gpu } = node;
  const config = densenetConfig(flags.network);
  const peaks = await peaksWithProgress(context, gpu);
  const report: ModelReport = { rows: [], pipeline: [], scaling: null };
  const workloads: Workload[] = KINDS.map((kind) => workloadOf(kind, flags, gpu.info.kind));
  // What f16 changes is done by subgroup matrices.
  if (matrixObstacle(gpu) === null) workloads.push({ ...workloads[0], precision: 'f16' });
  for (const workload of workloads) {
    const bar = out.progress(workloadName(workload), 0, '');
    report.rows.push(
      await withFreshGpu(context, node, flags, (fresh) =>
        benchModel(fresh, {
          ...workload,
          config,
          peaks,
          samples: flags.samples,
          signal,
          onProgress: (what, done, total) => bar.update(done, what, total),
        }),
      ),
    );
  }
  const train = workloadOf('train', flags, gpu.info.kind);
  const input = out.progress('Input pipeline', 0, '');
  report.pipeline = await benchPipeline({
    pool,
    size: train.size,
    batch: train.batch,
    signal,
    onProgress: (what, done, total) => input.update(done, what, total),
  });
  if (flags.scaling) {
    const usual = SCALING[gpu.info.kind];
    const bar = out.progress('Growth', 0, 'points');
    report.scaling = await benchScaling(gpu, {
      config,
      size: flags.size ?? usual.size,
      batch: flags.batch ?? usual.batch,
      budgetMs: flags.budget ?? usual.budgetMs,
      maxBytes: flags.memory === undefined ? usual.maxBytes : flags.memory * 1e6,
      signal,
      onProgress: (what, done, total) => bar.update(done, what, total),
    });
  }
  return { peaks, model: report };
}

async function model(context: CommandContext, flags: ModelFlags): Promise<number> {
  const older = await beforeMeasuring(flags);
  const document = await withSession(context, flags, async (session): Promise<BenchDocument> => {
    const header = await benchHeader(session.node, context.commandLine);
    return {
      format: FORMAT,
      version: FORMAT_VERSION,
      ...header,
      ...(await measure(context, session, flags)),
    };
  });
  await finish(context, document, older, flags);
  return 0;
}

export const benchModelCommand = define<ModelFlags>({
  name: 'model',
  description:
    'The network as a whole: prediction and training step (median, first call, compilation, memory), and the input ' +
    'pipeline; with --scaling also how time and memory grow with the batch and the size of the images.',
  examples: [
    ['chexgpu bench model', 'at the sizes that suit this adapter'],
    [
      'chexgpu bench model --size 320 --batch 8 --no-tune',
      'at one size, with the kernels as they are by default',
    ],
    ['chexgpu bench model --scaling --html model.html', 'batches of 1 to 64, and 64 to 512 px, plotted'],
  ],
  flags: (command) => {
    command
      .option('--scaling', 'also measure how time and memory grow', false)
      .option('--samples <n>', 'calls that count (default: 10)', wholeNumber(1, 10_000))
      .option(
        '--budget <s>',
        'seconds for the growth; what would take longer is left out (default: by the adapter)',
        seconds,
      )
      .option(
        '--memory <MB>',
        'GPU memory that a plan of the growth may take (default: by the adapter)',
        wholeNumber(1),
      )
      .addOption(option.workers());
    return addResultOptions(addWorkOptions(command));
  },
  action: model,
});
