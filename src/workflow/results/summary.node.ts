/** What a run came to, in a screenful and for --json. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { duration, percent, plural } from '../../core/formatting.js';
import { shownPath } from '../../core/outputs/shownPath.node.js';
import type { Problem, ReportData } from '../../eval/report/reportData.js';
import { sayPhases } from '../phaseTimes.js';
import type { WorkContext } from '../reporter.js';

export interface RunSummary {
  folder: string;
  /** Paths below the folder that people open. */
  files: Record<'report' | 'json' | 'predictions' | 'weights' | 'history', string>;
  seconds: number;
  adapter: { name: string; software: boolean };
  stepLosses: number[];
  epochs: { epoch: number; loss: number; valLoss: number | null; valAuc: number | null }[];
  /** Before the first step, where that was looked at. */
  start?: { valLoss: number; meanAuc: number | null };
  meanAuc: number | null;
  /** Of Grad-CAM's peaks in the boxes of what was found: absent where no test image has a box. */
  pointing?: { maps: number; hits: number; chance: number };
  auc: Record<string, number | null>;
  best: string[];
  timings: ReportData['timings'];
  problems: Problem[];
}

export function summaryOf(data: ReportData, folder: string): RunSummary {
  const { run, training, evaluation } = data;
  return {
    folder,
    files: {
      report: join(folder, 'report.html'),
      json: join(folder, 'report.json'),
      predictions: join(folder, 'predictions.csv'),
      weights: join(folder, 'weights.h5'),
      history: join(folder, 'history.json'),
    },
    seconds: run.seconds,
    adapter: { name: run.adapter.name, software: run.adapter.software },
    stepLosses: training?.stepLosses ?? [],
    epochs: (training?.epochs ?? []).map(({ epoch, loss, valLoss, valAuc }) => ({
      epoch,
      loss,
      valLoss,
      valAuc,
    })),
    start: training?.start,
    meanAuc: evaluation?.meanAuc ?? null,
    pointing: data.pointing?.all,
    auc: Object.fromEntries((evaluation?.classes ?? []).map(({ name, auc }) => [name, auc])),
    best: evaluation?.best ?? [],
    timings: data.timings,
    problems: data.problems ?? [],
  };
}

export function saySummary({ out }: WorkContext, summary: RunSummary): void {
  const { epochs, stepLosses, meanAuc, timings, files } = summary;
  const first = epochs[0];
  const last = epochs[epochs.length - 1];
  out.say();
  out.say('Summary');
  if (first && last) {
    out.say(
      epochs.length > 1
        ? `  training loss    ${first.loss.toFixed(4)} in the first epoch, ${last.loss.toFixed(4)} in the last`
        : `  training loss    ${stepLosses[0].toFixed(4)} at the first step, ${last.loss.toFixed(4)} over the epoch`,
    );
    const { start } = summary;
    const before = start ? `${start.valLoss.toFixed(4)} before the training, ` : '';
    if (last.valLoss !== null) out.say(`  validation loss  ${before}${last.valLoss.toFixed(4)} at the end`);
    if (last.valAuc !== null) out.say(`  validation AUC   ${last.valAuc.toFixed(4)} at the end`);
  }
  const auc = (value: number | null) => (value === null ? 'undefined' : value.toFixed(3));
  const before = summary.start ? `, ${auc(summary.start.meanAuc)} before the training` : '';
  out.say(`  mean test AUC    ${auc(meanAuc)}${before}`);
  const { pointing } = summary;
  if (pointing && pointing.maps > 0) {
    const share = percent(pointing.hits / pointing.maps, 0);
    out.say(`  Grad-CAM         points at ${share} of ${plural(pointing.maps, 'finding')} that it has found`);
  }
  out.say(`  time             ${duration(summary.seconds)}`);
  sayPhases(out, timings, '    ');
  for (const [name, path] of Object.entries(files)) {
    if (existsSync(path)) out.say(`  ${name.padEnd(15)}  ${shownPath(path)}`);
  }
  for (const { part, message } of summary.problems) out.say(`  FAILED ${part}: ${message}`);
}
