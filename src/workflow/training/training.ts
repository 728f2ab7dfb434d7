/** Class frequencies, loss weights and the fit: the notebook's section 3. */

import type { CommandContext } from '../../cli/session/context.js';
import { duration, plural, textTable } from '../../cli/terminal/output.js';
import type { ImageGenerator } from '../../data/generator/generator.js';
import type { DenseNet } from '../../densenet/densenet.js';
import { frequencySummary } from '../../eval/report/dataSummary.js';
import type { FrequencySummary, TrainingSummary } from '../../eval/report/reportData.js';
import { fit } from '../../training/fit.js';
import type { Dataset, Generators } from '../data/dataset.node.js';
import type { Phases } from '../phases.js';
import type { TrainingPlan } from './presets.js';

export function sayFrequencies({ out }: CommandContext, dataset: Dataset): FrequencySummary {
  const frequencies = frequencySummary('train', dataset.train);
  const { labels, counts, positive, positiveWeights, negativeWeights } = frequencies;
  out.say(
    textTable(
      ['class', 'positives', 'frequency', 'weight +', 'weight -'],
      labels.map((label, c) => [
        label,
        counts[c],
        positive[c].toFixed(3),
        positiveWeights[c].toFixed(3),
        negativeWeights[c].toFixed(3),
      ]),
    ),
  );
  return frequencies;
}

/** Sizes of the first and the last batch of an epoch. */
function lengths({ samples, batchSize }: ImageGenerator): number[] {
  return [Math.min(batchSize, samples), samples % batchSize || batchSize].filter((n) => n <= samples);
}

/**
 * Trains, validating after every epoch.
 * @param onEpoch gets the history so far, and is waited for
 */
export async function trainNetwork(
  { out, signal }: CommandContext,
  model: DenseNet,
  { train, valid }: Generators,
  frequencies: FrequencySummary,
  plan: TrainingPlan,
  phases: Phases,
  onEpoch: (soFar: TrainingSummary) => Promise<void>,
): Promise<TrainingSummary> {
  const options = {
    posWeights: frequencies.positiveWeights,
    negWeights: frequencies.negativeWeights,
    learningRate: plan.learningRate,
  };
  const { size, batchSize, epochs, stepsPerEpoch } = plan;
  await phases.time('compile kernels', null, async () => {
    await model.compile(options);
    // The last batch of an epoch may be smaller.
    const steps = epochs * stepsPerEpoch;
    for (const batch of new Set(lengths(train))) {
      if (batch === batchSize || steps >= train.length) await model.planOf('train', batch, size);
    }
    if (valid) await model.planOf('predict', Math.min(batchSize, valid.samples), size);
  });
  out.say(
    `Training on ${plural(train.samples, 'image')} of ${size} px: ${plural(epochs, 'epoch')} of ` +
      `${plural(stepsPerEpoch, 'step')}, batch size ${batchSize}, Adam with learning rate ${plan.learningRate}`,
  );
  const { learningRate } = plan;
  const soFar: TrainingSummary = {
    optimizer: `Adam, learning rate ${learningRate}`,
    batchSize,
    stepLosses: [],
    epochs: [],
  };
  let imagesPerSecond = 0;
  let bar = out.progress(`Epoch 1/${epochs}`, stepsPerEpoch);
  const history = await fit(model, train, {
    ...options,
    epochs,
    stepsPerEpoch,
    validation: valid ?? undefined,
    signal,
    onStep: ({ step, loss, meanLoss, imagesPerSecond: speed }) => {
      soFar.stepLosses.push(loss);
      imagesPerSecond = speed;
      const losses = `loss ${loss.toFixed(4)} (mean ${meanLoss.toFixed(4)})`;
      bar.update(step + 1, `${losses} ${speed.toPrecision(3)} images/s`);
      if (valid && step + 1 === stepsPerEpoch) bar = out.progress('Validation', valid.length, 'batches');
    },
    onValidation: (done) => bar.update(done),
    onEpoch: async ({ epoch, loss, valLoss, seconds }) => {
      const validation = valLoss === null ? '' : `, validation loss ${valLoss.toFixed(4)}`;
      out.say(`Epoch ${epoch + 1}/${epochs}: loss ${loss.toFixed(4)}${validation}, ${duration(seconds)}`);
      const record = { epoch: epoch + 1, steps: stepsPerEpoch, loss, valLoss, learningRate };
      soFar.epochs.push({ ...record, seconds, imagesPerSecond });
      await onEpoch({ ...soFar, stepLosses: [...soFar.stepLosses], epochs: [...soFar.epochs] });
      if (epoch + 1 < epochs) bar = out.progress(`Epoch ${epoch + 2}/${epochs}`, stepsPerEpoch);
    },
  });
  phases.add('training: waiting', history.waitMs / 1000);
  phases.add('training: steps', history.stepMs / 1000, history.images);
  if (valid) phases.add('validation', history.validationMs / 1000, valid.samples * epochs);
  return soFar;
}
