/** `chexgpu profile`: where a step's time goes, measured by src/engine/timing/profile.ts. */

import { Argument, type Command } from 'commander';
import { peaksLine, profileTable } from '../../../bench/document/tables.js';
import {
  createModel,
  filledPlan,
  type PlanKind,
  workloadName,
  workloadOf,
} from '../../../bench/model/workload.js';
import { plural, threeDigits } from '../../core/formatting.js';
import { checkFile, textKind } from '../../core/outputs/singleFile.node.js';
import { writeWhole } from '../../core/writeFile.node.js';
import { densenetConfig } from '../../densenet/architecture.js';
import { profilePlan } from '../../engine/timing/profile.js';
import { byKernel, byLayer } from '../../engine/timing/profileTables.js';
import { chromeTrace } from '../../engine/timing/profileTrace.js';
import { benchHeader } from '../bench/header.js';
import { addWorkOptions, type WorkFlags } from '../bench/options.js';
import { peaksWithProgress } from '../bench/peaks.js';
import { sayTable } from '../bench/result.js';
import { define } from '../defineCommand.js';
import { option, wholeNumber } from '../flags/sharedFlags.js';
import type { CommandContext } from '../session/commandContext.js';
import { withSession } from '../session/gpuSession.js';

const TRACE = textKind('Chrome trace', /"traceEvents":/);

interface ProfileFlags extends WorkFlags {
  trace?: string;
  overwrite: boolean;
  repeats: number;
  /** False with --no-peaks. */
  peaks: boolean;
  rows: number;
}

async function profile(
  context: CommandContext,
  flags: ProfileFlags,
  [kind]: readonly string[],
): Promise<number> {
  const { out, signal, commandLine } = context;
  const { trace, overwrite } = flags;
  if (trace !== undefined) await checkFile(trace, { overwrite, kind: TRACE });
  return withSession(context, { ...flags, workers: 0 }, async ({ node }) => {
    const { gpu } = node;
    const workload = workloadOf(kind as PlanKind, flags, gpu.info.kind);
    const header = await benchHeader(node, commandLine);
    const peaks = flags.peaks ? await peaksWithProgress(context, gpu) : null;
    const model = await createModel(gpu, { config: densenetConfig(flags.network) });
    try {
      const bar = out.progress(`Profiling ${workloadName(workload)}`, flags.repeats, 'runs');
      const measured = await profilePlan(gpu, await filledPlan(model, workload), {
        repeats: flags.repeats,
        signal,
        onProgress: ({ done, total }) => bar.update(done, '', total),
      });
      const kernels = byKernel(measured, peaks);
      const layers = byLayer(measured, peaks);
      const clock =
        measured.clock === 'gpu'
          ? "by the GPU's clock"
          : 'by waiting for each, as this adapter has no timestamps';
      out.say(
        `${workloadName(workload)}: ${measured.dispatches.length} dispatches, ` +
          `${threeDigits(measured.ns / 1e6)} ms summed up ${clock}; median of ${plural(measured.repeats, 'run')}`,
      );
      if (peaks) out.say(peaksLine(peaks));
      sayTable(out, profileTable('By kernel', kernels, flags.rows));
      sayTable(out, profileTable('By layer, forward and backward', layers, flags.rows));
      if (layers.length > flags.rows)
        out.say(`  ... ${layers.length - flags.rows} more layers (--rows, --json)`);
      if (trace !== undefined) {
        await writeWhole(trace, JSON.stringify(chromeTrace(measured)));
        out.say(`Wrote ${trace}: open it in Perfetto or chrome://tracing`);
      }
      out.document({ command: 'profile', ...header, ...workload, peaks, kernels, layers, profile: measured });
      return 0;
    } finally {
      model.dispose();
    }
  });
}

export const profileCommand = define<ProfileFlags>({
  name: 'profile',
  description:
    'Times every dispatch of a step and says where the time goes: by kernel and by layer, or as a trace.',
  examples: [
    ['chexgpu profile train --size 64 --batch 4', 'one training step'],
    ['chexgpu profile predict --trace trace.json', 'a prediction, for Perfetto or chrome://tracing'],
  ],
  flags: (command: Command) => {
    command
      .addArgument(new Argument('<plan>', 'what to profile').choices(['predict', 'train']))
      .option('--trace <file>', 'write a Chrome trace of the last run')
      .addOption(option.overwrite('an earlier trace'))
      .option('--repeats <n>', 'runs; the median counts', wholeNumber(1, 1000), 5)
      .option('--rows <n>', 'lines of each table', wholeNumber(1), 20)
      .option('--no-peaks', "do not measure the adapter's peaks first");
    return addWorkOptions(command);
  },
  action: profile,
});
