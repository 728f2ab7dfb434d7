/** `chexgpu bench start`: what a user waits for, measured by bench/model/commandStart.ts. */
import { measureStart } from '../../../bench/model/commandStart.js';
import { duration } from '../../core/formatting.js';
import { median } from '../../engine/timing/statistics.js';
import { define } from '../defineCommand.js';
import { option, wholeNumber } from '../flags/sharedFlags.js';
import type { CommandContext } from '../session/commandContext.js';
import { withSession } from '../session/gpuSession.js';
import { textTable } from '../terminal/output.js';
import { benchHeader } from './header.js';

interface StartFlags {
  size?: number;
  rounds: number;
}

const USUAL_SIZE = 320;

async function start(context: CommandContext, flags: StartFlags): Promise<number> {
  const { out, signal, commandLine } = context;
  const header = await withSession(context, { workers: 0, selfTest: false }, ({ node }) =>
    benchHeader(node, commandLine),
  );
  const bar = out.progress('Starting `chexgpu predict`', 2 * flags.rounds, 'times');
  const report = await measureStart({
    script: process.argv[1],
    size: flags.size ?? USUAL_SIZE,
    rounds: flags.rounds,
    signal,
    onProgress: (done, total, what) => bar.update(done, what, total),
  });
  const row = (what: string, times: readonly number[]) => [
    what,
    ...[median(times), Math.min(...times), Math.max(...times)].map((ms) => duration(ms / 1000)),
  ];
  out.say(`From the start of the process to the written probability of one X-ray, ${report.size} px:`);
  out.say(
    textTable(
      ['', 'median', 'shortest', 'longest'],
      [row('the first time, all caches empty', report.first), row('again', report.second)],
    ),
  );
  out.document({ command: 'bench start', ...header, ...report });
  return 0;
}

export const benchStartCommand = define<StartFlags>({
  name: 'start',
  description:
    'What a user waits for: from the start of `chexgpu predict` to the written probability of one X-ray, with ' +
    'empty caches (kernels are compiled and checked) and a second time.',
  examples: [
    ['chexgpu bench start', 'on the adapter that the commands take'],
    ['CHEXGPU_ADAPTER=swiftshader chexgpu bench start --rounds 3', 'on another one; the median counts'],
  ],
  flags: (command) =>
    command
      .addOption(option.size(String(USUAL_SIZE)))
      .option('--rounds <n>', 'starts of each kind', wholeNumber(1, 100), 1),
  action: start,
});
