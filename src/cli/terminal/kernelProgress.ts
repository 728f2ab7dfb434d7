/** Progress of what compiles and checks kernels: a driver may sit over a single one for half a minute. */

import type { Progress as HowFar } from '../../core/work.js';
import type { CommandContext } from '../session/commandContext.js';
import type { Progress } from './progress.js';

/** So often a log learns what is waited for, as far as `Progress` lets it. */
const REMIND_MS = 1000;

/** @returns an `onProgress`, `note` is what is waited for; throws when interrupted */
export function kernelProgress(
  { out, signal }: CommandContext,
  title: string,
  unit: string,
): (progress: HowFar) => void {
  let bar: Progress | null = null;
  let timer: NodeJS.Timeout | undefined;
  return ({ done, total = 0, note }) => {
    clearInterval(timer);
    signal.throwIfAborted();
    if (!bar || bar.over) bar = out.progress(title, total, unit);
    const shown = bar;
    shown.update(done, note, total);
    if (done >= total) out.endProgress();
    else timer = setInterval(() => shown.update(done), REMIND_MS).unref();
  };
}
