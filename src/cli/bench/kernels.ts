/** `chexgpu bench kernels`: every kernel as a share of what the adapter can do; measured by bench/kernels. */
import { Option } from 'commander';
import { FORMAT, FORMAT_VERSION } from '../../../bench/document/document.js';
import { benchKernels } from '../../../bench/kernels/benchKernels.js';
import { type PlanKind, workloadOf } from '../../../bench/model/workload.js';
import { densenetConfig } from '../../densenet/architecture.js';
import { operationsOf } from '../../verify/checksOf.js';
import { define } from '../defineCommand.js';
import { wholeNumber } from '../flags/sharedFlags.js';
import type { CommandContext } from '../session/commandContext.js';
import { withSession } from '../session/gpuSession.js';
import { EXIT_CODES } from '../terminal/exitCodes.js';
import { benchHeader } from './header.js';
import { addResultOptions, addWorkOptions, type ResultFlags, seconds, type WorkFlags } from './options.js';
import { peaksWithProgress } from './peaks.js';
import { beforeMeasuring, finish } from './result.js';

interface KernelFlags extends ResultFlags, WorkFlags {
  op?: string;
  part?: string;
  plan: PlanKind;
  f16: boolean;
  repeats?: number;
  budget?: number;
}

async function kernels(context: CommandContext, flags: KernelFlags): Promise<number> {
  const { out, signal, commandLine } = context;
  const older = await beforeMeasuring(flags);
  operationsOf(flags.op);
  const document = await withSession(context, { ...flags, workers: 0, selfTest: false }, async ({ node }) => {
    const header = await benchHeader(node, commandLine);
    const peaks = await peaksWithProgress(context, node.gpu);
    const bar = out.progress('Kernels', 0, '');
    const report = await benchKernels(node.gpu, {
      ...workloadOf(flags.plan, flags, node.gpu.info.kind),
      ...(flags.f16 && { precision: 'f16' as const }),
      config: densenetConfig(flags.network),
      peaks,
      ops: flags.op === undefined ? undefined : [flags.op],
      part: flags.part,
      repeats: flags.repeats,
      budgetMs: flags.budget,
      signal,
      onProgress: (what, done, total) => bar.update(done, what, total),
    });
    return { format: FORMAT, version: FORMAT_VERSION, ...header, peaks, kernels: report } as const;
  });
  await finish(context, document, older, flags);
  return document.kernels.failed.length > 0 ? EXIT_CODES.gpu : 0;
}

export const benchKernelsCommand = define<KernelFlags>({
  name: 'kernels',
  description:
    'Every kernel, direction and variant on the shapes of the network: checked against the CPU reference first, then ' +
    "timed by the GPU's clock, with its share of what this adapter can do at most. Ends with 7 if a check fails.",
  examples: [
    ['chexgpu bench kernels', 'all of them, in a training step'],
    ['chexgpu bench kernels --op conv.forward --size 64 --batch 4', 'one operation'],
    ["chexgpu bench kernels --op conv --part 'dense block 4'", 'one part of the network'],
    ['chexgpu bench kernels --plan predict --html kernels.html', 'on the shapes of inference, as a page'],
    ['chexgpu bench kernels --compare before.json', 'what a change has made faster or slower'],
  ],
  flags: (command) => {
    command
      .option('--op <name>', 'an operation, such as conv.forward, or a group of them, such as conv')
      .option(
        '--part <name>',
        "of the network, such as 'dense block 1'; the others are named where there is none",
      )
      .addOption(
        new Option('--plan <kind>', 'whose shapes').choices(['train', 'predict']).default('train', 'train'),
      )
      .option('--f16', 'let predictions multiply in f16, where the adapter has subgroup matrices', false)
      .option('--repeats <n>', 'runs of each step; the median counts (default: 5)', wholeNumber(1, 1000))
      .option('--budget <s>', 'seconds for the runs of one variant (default: by the adapter)', seconds);
    return addResultOptions(addWorkOptions(command));
  },
  action: kernels,
});
