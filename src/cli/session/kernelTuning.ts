/** Which kernels a command uses: --no-tune, --retune, and what is said about it. */

import { duration, plural } from '../../core/formatting.js';
import { writeWhole } from '../../core/writeFile.node.js';
import type { NodeGpu } from '../../engine/device/gpu.node.js';
import { planHelpers } from '../../engine/plan/recordPlan.js';
import { readJson, tuningFile } from '../../engine/tuning/adapterFiles.node.js';
import type { TuneReport, Tuner, TuningStore } from '../../engine/tuning/tuner.js';
import { readTuning, TuningTable, tuningDocument } from '../../engine/tuning/tuningTable.js';
import { enableTuning } from '../../verify/enableTuning.js';
import type { TuningFlags } from '../flags/sharedFlags.js';
import type { Progress } from '../terminal/progress.js';
import type { CommandContext } from './commandContext.js';
import { versions } from './versions.js';

/** One line about a measuring. */
function words({ measured, outOfTime, failed, ms }: TuneReport, { where }: TuningStore): string {
  const parts = [`Tuned ${plural(measured, 'shape')} in ${duration(ms / 1000)}`];
  if (where) parts.push(`kept in ${where}`);
  if (outOfTime) parts.push(`${outOfTime} more keep the default, as time was up (--retune measures all)`);
  if (failed) parts.push(`${failed} more could not be measured and keep the default`);
  return parts.join('; ');
}

/**
 * Sets up how kernels are chosen. A GPU's unknown shapes are measured; software adapters are known from shipped
 * tables, and measuring them takes long, so they are measured with --retune only.
 * @returns the tuner; null with --no-tune
 */
export async function useTuning(
  { out, signal }: CommandContext,
  { gpu }: Pick<NodeGpu, 'gpu'>,
  { tune, retune }: TuningFlags,
): Promise<Tuner | null> {
  if (!tune) {
    gpu.tuning = null;
    planHelpers(gpu).tuner = null;
    return null;
  }
  const store = tuningFile(gpu);
  let bar: Progress | null = null;
  return enableTuning(gpu, {
    runtime: `webgpu ${versions().webgpu}`,
    store,
    measure: retune || gpu.info.kind === 'hardware',
    afresh: retune,
    signal,
    onProgress: ({ done, total = 0 }) => {
      bar ??= out.progress('Measuring which kernels are fastest here', total, 'shapes');
      bar.update(done);
    },
    onTuned: (report) => {
      bar = null;
      out.say(words(report, store));
    },
    onWarning: (text) => out.warn(text),
  });
}

/** Adds what was measured to the table in a file, for a table to ship. @throws DataError if it cannot be written */
export async function writeTable({ out }: CommandContext, tuner: Tuner | null, file: string): Promise<void> {
  const fresh = tuner?.fresh.entries.filter(({ ms }) => ms !== null) ?? [];
  if (!tuner || fresh.length === 0) {
    out.warn(`Nothing was measured, so ${file} stays as it is; --retune measures all.`);
    return;
  }
  // Whatever is no table for this adapter and these kernels gives way.
  const there = readTuning(await readJson(file).catch(() => null), tuner.identity);
  const table = new TuningTable(typeof there === 'string' ? [] : there).merge(fresh);
  await writeWhole(file, `${JSON.stringify(tuningDocument(tuner.identity, table), null, 2)}\n`);
  out.say(`Wrote ${plural(table.entries.length, 'entry', 'entries')} to ${file}`);
}
