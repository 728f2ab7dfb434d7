/** Class frequencies, loss weights and the fit: the notebook's section 3. */

import { plural } from '../../core/formatting.js';
import type { ImageGenerator } from '../../data/generator/generator.js';
import { hasUnknown } from '../../data/tables/frame.js';
import type { DenseNet } from '../../densenet/densenet.js';
import type { Plan } from '../../engine/plan/plan.js';
import type { FrequencySummary, TrainingSummary } from '../../eval/report/reportData.js';
import { VAL_AUC, valAucOf } from '../../eval/scores/validationAuc.js';
import type { Callback, Logs } from '../../training/callbacks/callback.js';
import { History } from '../../training/callbacks/history.js';
import type { CheckpointContents } from '../../training/callbacks/modelCheckpoint.js';
import { TrainingProgress } from '../../training/callbacks/progress.js';
import type { TensorBoard } from '../../training/callbacks/tensorBoard.js';
import type { Checkpoint } from '../../training/checkpoint.js';
import { fit } from '../../training/fit.js';
import { describeLayers } from '../../training/layers/layerSettings.js';
import type { Loss, LossChoice } from '../../training/losses/loss.js';
import { describeOptimizer } from '../../training/optimizers/optimizer.js';
import { describeUpdates } from '../../training/updates/updateSettings.js';
import type { Dataset, Generators } from '../data/dataset.node.js';
import type { Phases } from '../phaseTimes.js';
import type { WorkContext } from '../reporter.js';
import { callbackWords, DEFAULT_MONITOR } from './callbackChoices.js';
import type { CallbackFiles } from './callbacks/callbackKind.js';
import { KeepBest } from './keepBest.js';
import type { TrainingPlan } from './presets.js';
import { trainingCallbacks } from './trainingCallbacks.js';

/** The chosen loss, by the frequencies of the training labels; it takes unknown ones where there are any. */
export function lossFor(choice: LossChoice, frequencies: FrequencySummary, dataset: Dataset): Loss {
  const { positiveWeights: posWeights, negativeWeights: negWeights } = frequencies;
  const unknownLabels = hasUnknown(dataset.train) || hasUnknown(dataset.valid);
  return choice.kind.make(choice.settings, { posWeights, negWeights, unknownLabels });
}

/** The table of classes, with the weights where the loss has some. */
export function sayFrequencies({ out }: WorkContext, frequencies: FrequencySummary, loss: Loss): void {
  const { labels, samples, known, counts, positive, positiveWeights, negativeWeights } = frequencies;
  const columns: [title: string, cell: (c: number) => string | number][] = [['class', (c) => labels[c]]];
  if (known.some((count) => count < samples)) columns.push(['known', (c) => known[c]]);
  columns.push(['positives', (c) => counts[c]], ['frequency', (c) => positive[c].toFixed(3)]);
  if ('posWeights' in loss.settings) {
    columns.push(['weight +', (c) => positiveWeights[c].toFixed(3)]);
    columns.push(['weight -', (c) => negativeWeights[c].toFixed(3)]);
  }
  if ('posWeights' in loss.settings && !frequencies.evensSides) {
    out.say(`Class weights: ${frequencies.weighting}`);
  }
  out.table(
    columns.map(([title]) => title),
    labels.map((_, c) => columns.map(([, cell]) => cell(c))),
  );
  if (!isAlwaysZero(frequencies, loss)) return;
  out.warn(
    'The loss of every training image is 0, so nothing will be learned: no label has a weight for what its images ' +
      'have. Train on labels of which there are both kinds, on more images, or with `classWeights: none`.',
  );
}

/** Whether weights leave nothing of a loss: those by frequencies do so where a label is always or never positive. */
function isAlwaysZero({ counts, known, ...weights }: FrequencySummary, { settings }: Loss): boolean {
  if (!('posWeights' in settings) || Number(settings.labelSmoothing ?? 0) > 0) return false;
  const { positiveWeights, negativeWeights } = weights;
  return counts.every(
    (count, c) =>
      (count === 0 || positiveWeights[c] === 0) && (count === known[c] || negativeWeights[c] === 0),
  );
}

/** Sizes of the first and the last batch of an epoch. */
function lengths({ samples, batchSize }: ImageGenerator): number[] {
  return [Math.min(batchSize, samples), samples % batchSize || batchSize].filter((n) => n <= samples);
}

/** What is kept while a training runs; each is waited for. */
export interface TrainingFiles {
  /** After every epoch, before what callbacks want kept of it. */
  epochEnded(soFar: TrainingSummary): Promise<void>;
  /** What a callback wants kept, with the history so far. */
  keepWeights(name: string, contents: CheckpointContents, soFar: TrainingSummary): Promise<void>;
  keepText(name: string, text: string): Promise<void>;
  /** Shows it to TensorBoard, and what it shows in words. */
  board?: { callback: TensorBoard; words: string };
  checkpoints?: {
    readonly everySteps?: number;
    /** What the training goes on from. */
    readonly resume?: Checkpoint;
    /** The plans of steps and validation, before the first of them runs. */
    planned(plans: readonly Plan[]): void;
    /** After the first step: time for what it should not wait for. */
    firstStep(): void;
    save(checkpoint: Checkpoint): Promise<void>;
  };
}

/** Trains, validating after every epoch. */
export async function trainNetwork(
  { out, signal }: WorkContext,
  model: DenseNet,
  { train, valid }: Generators,
  loss: Loss,
  plan: TrainingPlan,
  phases: Phases,
  files: TrainingFiles,
): Promise<TrainingSummary> {
  const { optimizer, updates, layers } = plan;
  const options = { loss, optimizer, ...updates, ...layers };
  const { size, batchSize, epochs, stepsPerEpoch } = plan;
  const plans: Plan[] = [];
  await phases.time('compile kernels', null, async () => {
    await model.compile(options);
    // The last batch of an epoch may be smaller.
    const steps = epochs * stepsPerEpoch;
    for (const batch of new Set(lengths(train))) {
      if (batch === batchSize || steps >= train.length) plans.push(await model.planOf('train', batch, size));
    }
    if (valid) plans.push(await model.planOf('predict', Math.min(batchSize, valid.samples), size));
  });
  const { checkpoints } = files;
  checkpoints?.planned(plans);
  out.say(
    `Training on ${plural(train.samples, 'image')} of ${size} px: ${plural(epochs, 'epoch')} of ` +
      `${plural(stepsPerEpoch, 'step')}, batch size ${batchSize}, ${loss.title}, ${ratesInWords(plan)}`,
  );
  warnOfSlowAverage(out, plan);
  const history = new History();
  const { board } = files;
  const words = [...callbackWords(plan.callbacks ?? {}), ...(board ? [board.words] : [])];
  for (const one of words) out.say(`Callback: ${one}`);
  const learning = describeLayers(model.network, layers);
  const soFar = () => trainingSummary(history, loss, plan, words, learning);
  const kept: CallbackFiles = {
    keepWeights: (name, contents) => files.keepWeights(name, contents, soFar()),
    keepText: (name, text) => files.keepText(name, text),
  };
  const chosen = trainingCallbacks(plan, kept, (line) => out.say(line));
  const ending = { onEpoch: () => files.epochEnded(soFar()) };
  // The history is that of the whole training, of which this process may have had a part only.
  const here = { images: 0, waitMs: 0, stepMs: 0, validations: 0, validationMs: 0 };
  const clock: Callback = {
    onEpoch: ({ logs, validationMs }) => {
      here.validations += logs.val_loss === undefined ? 0 : 1;
      here.validationMs += validationMs;
    },
    onStep: ({ images, waitMs, stepMs }) => {
      here.images += images;
      here.waitMs += waitMs;
      here.stepMs += stepMs;
      if (phases.firstBatch !== null) return;
      phases.firstBatch = (performance.now() - stepMs) / 1000;
      checkpoints?.firstStep();
    },
  };
  const keepers = [...chosen.keepers, ...(board ? [board.callback] : [])];
  const keeper = plan.keepBest && valid ? new KeepBest(valid, loss, signal) : null;
  await fit(model, train, {
    ...options,
    epochs,
    stepsPerEpoch,
    validation: valid ?? undefined,
    signal,
    resume: checkpoints?.resume,
    checkpoint: checkpoints && {
      everySteps: checkpoints.everySteps,
      save: (checkpoint) => checkpoints.save(checkpoint),
    },
    callbacks: [
      ...(keeper ? [keeper] : []),
      ...chosen.list,
      history,
      clock,
      ending,
      ...keepers,
      new TrainingProgress(out),
    ],
  });
  phases.add('training: waiting', here.waitMs / 1000);
  phases.add('training: steps', here.stepMs / 1000, here.images);
  if (valid) phases.add('validation', here.validationMs / 1000, valid.samples * here.validations);
  const summary = soFar();
  if (keeper) {
    summary.start = { valLoss: keeper.startLoss, meanAuc: null };
    summary.weightsEpoch = keeper.bestEpoch;
    out.say(`Validation loss before the training: ${keeper.startLoss.toFixed(4)}; ${keptInWords(summary)}`);
    return summary;
  }
  const best = chosen.bestEpoch();
  if (best !== null && best + 1 < history.epochs.length) {
    summary.weightsEpoch = best + 1;
    const { monitor = DEFAULT_MONITOR } = plan.callbacks ?? {};
    const by = monitor === DEFAULT_MONITOR ? 'validation loss' : monitor;
    out.say(`The weights are those of epoch ${best + 1}, the best by ${by}`);
  }
  return summary;
}

function keptInWords({ weightsEpoch, epochs }: TrainingSummary): string {
  if (weightsEpoch === 0) return 'no epoch was better, so the weights are those of before';
  return `the weights are those of epoch ${weightsEpoch} of ${epochs.length}, the best`;
}

/** "Adam with learning rate 0.002, one cycle up to 0.002, 4 batches per update" */
function ratesInWords({ optimizer, schedule, updates }: TrainingPlan): string {
  const words = [describeOptimizer(optimizer)];
  if (schedule) words.push(schedule.kind.describe(optimizer.settings.learningRate, schedule.settings));
  return [...words, ...describeUpdates(updates)].join(', ');
}

/** An average over many more updates than there are is still what it began with, and overwrites nothing. */
function warnOfSlowAverage(out: WorkContext['out'], { epochs, stepsPerEpoch, updates }: TrainingPlan): void {
  const { ema, emaOverwrite, accumulate } = updates;
  const count = epochs * Math.ceil(stepsPerEpoch / accumulate);
  if (Number.isFinite(emaOverwrite) && emaOverwrite > count) {
    out.warn(
      `The weights become their average every ${plural(emaOverwrite, 'update')}, which is never: there are ${count}.`,
    );
  }
  if (ema ** count <= 0.5) return;
  const share = `${Math.round(100 * ema ** count)} %`;
  out.warn(
    `An average with momentum ${ema} still holds ${share} of its first weights after ${plural(count, 'update')}: ` +
      'a training so short wants less.',
  );
}

/** The history as the report and the checkpoint have it, at this moment. */
function trainingSummary(
  history: History,
  { name, title, reduction, settings }: Loss,
  plan: TrainingPlan,
  callbacks: readonly string[],
  layers: readonly string[],
): TrainingSummary {
  const epochs = history.epochs.map(({ epoch, steps, logs, seconds, imagesPerSecond }) => ({
    epoch: epoch + 1,
    steps,
    loss: logs.loss,
    valLoss: logs.val_loss ?? null,
    valAuc: logs[VAL_AUC] ?? null,
    valAucs: aucsIn(logs),
    learningRate: logs.lr,
    seconds,
    imagesPerSecond,
  }));
  return {
    loss: { name, title, reduction, settings },
    optimizer: ratesInWords(plan),
    callbacks,
    layers,
    batchSize: plan.batchSize,
    stepLosses: [...history.stepLoss],
    epochs,
    stopped: history.stopReason,
    weightsEpoch: epochs.length,
  };
}

/** The areas of the classes, by their names. */
function aucsIn(logs: Logs): Record<string, number> {
  const before = valAucOf('');
  return Object.fromEntries(
    Object.entries(logs).flatMap(([log, value]) =>
      log.startsWith(before) && value !== undefined ? [[log.slice(before.length), value]] : [],
    ),
  );
}
