/** `chexgpu bench peaks`, and what the other benches need of it. */
import { FORMAT, FORMAT_VERSION } from '../../../bench/document/document.js';
import { measurePeaks, type PeakReport } from '../../../bench/peaks/measurePeaks.js';
import type { Gpu } from '../../engine/device/gpu.js';
import { define } from '../defineCommand.js';
import type { CommandContext } from '../session/commandContext.js';
import { withSession } from '../session/gpuSession.js';
import { benchHeader } from './header.js';
import { addResultOptions, type ResultFlags } from './options.js';
import { beforeMeasuring, finish } from './result.js';

export async function peaksWithProgress({ out, signal }: CommandContext, gpu: Gpu): Promise<PeakReport> {
  const bar = out.progress("The adapter's peaks", 0, 'kernels');
  const peaks = await measurePeaks(gpu, {
    signal,
    onProgress: (done, total) => bar.update(done, '', total),
  });
  out.endProgress();
  return peaks;
}

async function peaks(context: CommandContext, flags: ResultFlags): Promise<number> {
  const older = await beforeMeasuring(flags);
  const document = await withSession(context, { workers: 0, selfTest: false }, async ({ node }) => {
    const header = await benchHeader(node, context.commandLine);
    const measured = await peaksWithProgress(context, node.gpu);
    return { format: FORMAT, version: FORMAT_VERSION, ...header, peaks: measured } as const;
  });
  await finish(context, document, older, flags);
  return 0;
}

export const benchPeaksCommand = define<ResultFlags>({
  name: 'peaks',
  description:
    'What this adapter reaches at most: fused multiply-adds on registers, and copies from memory to memory. The ' +
    'other benches measure it too, to tell how much of it a kernel uses.',
  examples: [['chexgpu bench peaks', 'some seconds']],
  flags: addResultOptions,
  action: peaks,
});
