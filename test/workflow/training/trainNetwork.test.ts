/** A training as the commands run it: what it says, its summary, and which epoch's weights it leaves. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { parseFrame } from '../../../src/data/tables/csv.js';
import { frequencySummary } from '../../../src/eval/report/dataSummary.js';
import type { TrainingSummary } from '../../../src/eval/report/reportData.js';
import type { CheckpointContents } from '../../../src/training/callbacks/modelCheckpoint.js';
import type { Checkpoint } from '../../../src/training/checkpoint.js';
import { completeLayers } from '../../../src/training/layers/layerSettings.js';
import { weightedCrossEntropy } from '../../../src/training/losses/weightedCrossEntropy.js';
import { ADAM } from '../../../src/training/optimizers/adam.js';
import { complete } from '../../../src/training/optimizers/optimizer.js';
import type { WeightMap } from '../../../src/training/parameterSpec.js';
import { completeUpdates } from '../../../src/training/updates/updateSettings.js';
import type { Generators } from '../../../src/workflow/data/dataset.node.js';
import { Phases } from '../../../src/workflow/phaseTimes.js';
import { SILENT } from '../../../src/workflow/reporter.js';
import type { CallbackChoice } from '../../../src/workflow/training/callbacks/callbackKind.js';
import { CALLBACK_KINDS } from '../../../src/workflow/training/callbacks/index.js';
import type { TrainingPlan } from '../../../src/workflow/training/presets.js';
import {
  sayFrequencies,
  type TrainingFiles,
  trainNetwork,
} from '../../../src/workflow/training/trainNetwork.js';
import { writeCheckpoint } from '../../../src/workflow/weights/checkpoint.node.js';
import { recordedSource, TINY, TINY_LOSS } from '../../support/networks/tinyNet.js';
import { LEARNING_RATE, TinyTraining } from '../../training/callbacks/tinyTraining.js';

const tiny = new TinyTraining();
const optimizer = complete(ADAM, { learningRate: LEARNING_RATE });
const plan = {
  size: 16,
  batchSize: 2,
  stepsPerEpoch: 2,
  optimizer,
  updates: completeUpdates({}),
  layers: completeLayers(),
};

/** A callback by its flag's name. */
function asked(name: string, settings: Record<string, number> = {}, file?: string): CallbackChoice {
  return { kind: CALLBACK_KINDS.find((kind) => kind.name === name)!, settings, file };
}

/** Trains with validation losses that go by these probabilities of each epoch. */
async function train(
  probabilities: number[],
  more: Partial<TrainingPlan>,
  checkpoints?: Partial<TrainingFiles['checkpoints']>,
) {
  const said: string[] = [];
  const soFar: TrainingSummary[] = [];
  const weights: WeightMap[] = [];
  const kept: [name: string, contents: CheckpointContents, soFar: TrainingSummary][] = [];
  const texts = new Map<string, string>();
  const { model } = tiny;
  const predict = vi.spyOn(model, 'predict');
  predict.mockImplementation(async () => new Float32Array(4).fill(probabilities[soFar.length]));
  const line = (text = '') => void said.push(text);
  const out = { ...SILENT, say: line, warn: line };
  const context = { out, signal: new AbortController().signal };
  const generators = { train: recordedSource().source, valid: recordedSource([2, 2]).source };
  const phases = new Phases();
  const summary = await trainNetwork(
    context,
    model,
    generators as unknown as Generators,
    weightedCrossEntropy({ posWeights: TINY_LOSS.posWeights, negWeights: [0, 0] }),
    { ...plan, ...more, epochs: probabilities.length },
    phases,
    {
      epochEnded: async (summarySoFar) => {
        soFar.push(summarySoFar);
        weights.push(await model.exportWeights());
      },
      keepWeights: async (name, contents, summarySoFar) => void kept.push([name, contents, summarySoFar]),
      keepText: async (name, text) => void texts.set(name, text),
      checkpoints: checkpoints && { planned() {}, firstStep() {}, save: async () => {}, ...checkpoints },
    },
  );
  predict.mockRestore();
  return { said, soFar, weights, summary, phases, kept, texts, left: await model.exportWeights() };
}

describe('trainNetwork', () => {
  it('says how gradients become updates, leaves the average, and warns of one that is too slow', async () => {
    const updates = completeUpdates({ accumulate: 2, clipNorm: 0.5, ema: 0.9, emaOverwrite: 5 });
    const { said, summary, left } = await train([0.3, 0.6], { updates });
    const words =
      'Adam with learning rate 0.01, gradients clipped to norm 0.5, 2 batches per update, ' +
      'the network an average of the weights with momentum 0.9, going on from it every 5 updates';
    expect(summary.optimizer).toBe(words);
    expect(said[0]).toBe(
      `Training on 4 images of 16 px: 2 epochs of 2 steps, batch size 2, weighted cross-entropy, ${words}`,
    );
    expect(said[1]).toMatch(/their average every 5 updates, which is never: there are 2/);
    expect(said[2]).toMatch(/momentum 0.9 still holds 81 % of its first weights after 2 updates/);
    const { slots, iterations } = await tiny.model.exportOptimizer();
    expect(iterations).toBe(2);
    const [[key, trained]] = slots.trained;
    expect(left.get(key)).not.toEqual(trained);
  });

  it('tells of the time of this process, where the training goes on from another', async () => {
    const kept: Checkpoint[] = [];
    const save = async (checkpoint: Checkpoint) => void kept.push(checkpoint);
    const of = ({ list }: Phases, name: string) => list.find(({ phase }) => phase === name);
    const whole = await train([0.3, 0.6], {}, { everySteps: 1, save });
    expect(of(whole.phases, 'training: steps')?.images).toBe(8);
    expect(of(whole.phases, 'validation')?.images).toBe(8);
    const resume = kept.find(({ training }) => training.epoch === 1 && training.step === 1);
    const { phases, summary } = await train([0.3, 0.6], {}, { resume });
    expect(summary.stepLosses).toEqual(whole.summary.stepLosses);
    expect(of(phases, 'training: steps')?.images).toBe(2);
    expect(of(phases, 'validation')?.images).toBe(4);
    expect(phases.firstBatch).not.toBeNull();
  });

  it('stops early where it is told to, and leaves the best weights', async () => {
    const { said, soFar, weights, summary, phases, left } = await train([0.3, 0.6, 0.5, 0.4, 0.9], {
      callbacks: { chosen: [asked('earlyStopping', { patience: 2 })] },
    });
    expect(summary.epochs.map(({ epoch, learningRate }) => [epoch, learningRate])).toEqual(
      [1, 2, 3, 4].map((epoch) => [epoch, LEARNING_RATE]),
    );
    expect(summary.stopped).toMatch(
      /^val_loss did not improve for 2 epochs; the best was 0\.\d+ in epoch 2$/,
    );
    expect(summary.weightsEpoch).toBe(2);
    expect(left).toEqual(weights[1]);
    expect(left).not.toEqual(weights[3]);
    expect(said.slice(-2)).toEqual([
      `Stopped: ${summary.stopped}`,
      'The weights are those of epoch 2, the best by validation loss',
    ]);
    // A checkpoint of an epoch has that epoch's own.
    expect(soFar.map(({ weightsEpoch, stopped }) => [weightsEpoch, stopped])).toEqual(
      [1, 2, 3, 4].map((epoch) => [epoch, null]),
    );
    const validation = phases.list.find(({ phase }) => phase === 'validation');
    expect(validation?.images).toBe(4 * 4);

    // The history beside the weights has it too.
    const folder = mkdtempSync(join(tmpdir(), 'chexgpu-history-'));
    const normalisation = { kind: 'none' } as const;
    const preparation = {
      size: 64,
      batchSize: 2,
      seed: 1,
      interpolation: 'nearest',
      scaling: 'keras',
    } as const;
    const labels = Array.from({ length: TINY.classes }, (_, c) => `label ${c}`);
    const facts = { config: TINY, labels, weights: left, preparation, normalisation, training: summary };
    await writeCheckpoint(folder, facts);
    const history = JSON.parse(readFileSync(join(folder, 'history.json'), 'utf8'));
    rmSync(folder, { recursive: true });
    const { stopped, weights_epoch, lr, loss, val_loss, step_loss } = history;
    expect([stopped, weights_epoch, lr]).toEqual([summary.stopped, 2, Array(4).fill(LEARNING_RATE)]);
    expect([loss.length, val_loss.length, step_loss.length]).toEqual([4, 4, 8]);
  });

  it('brings back the best weights also where the epochs run out, and says so', async () => {
    const { said, weights, summary, left } = await train([0.3, 0.6, 0.5], {
      callbacks: { chosen: [asked('earlyStopping', { patience: 2 })] },
    });
    expect([summary.stopped, summary.weightsEpoch]).toEqual([null, 2]);
    expect(left).toEqual(weights[1]);
    expect(said.at(-1)).toMatch(/weights are those of epoch 2/);
  });

  it('keeps what callbacks keep, with the history so far, and says it', async () => {
    const { said, kept, texts, summary, weights } = await train([0.3, 0.6, 0.5], {
      callbacks: {
        monitor: 'val_auc',
        saveOptimizer: true,
        chosen: [
          asked('reduceLr', { patience: 1, factor: 0.5 }),
          asked('csvLog'),
          asked('saveEpochs', {}, '{epoch}.h5'),
          asked('saveBest', {}, 'best-{val_auc:.1f}.h5'),
        ],
      },
    });
    // All images get the same probability: an AUC of a half in every epoch.
    expect(kept.map(([name, , soFar]) => [name, soFar.epochs.length])).toEqual([
      ['1.h5', 1],
      ['best-0.5.h5', 1],
      ['2.h5', 2],
      ['3.h5', 3],
    ]);
    const [, contents] = kept[2];
    expect(contents.weights).toEqual(weights[1]);
    expect(contents.optimizer?.iterations).toBe(4);
    const rates = [1, 1, 0.5].map((share) => share * LEARNING_RATE);
    expect(summary.epochs.map(({ learningRate }) => learningRate)).toEqual(rates);
    expect(summary.epochs[2]).toMatchObject({ valAuc: 0.5, valAucs: { one: 0.5, two: 0.5 } });
    const lines = texts.get('log.csv')!.split('\r\n');
    expect(lines[0]).toBe('epoch,loss,lr,val_auc,val_auc_one,val_auc_two,val_loss');
    expect(lines[3]).toMatch(/^2,\d\.\d+,0\.005,0\.5,0\.5,0\.5,\d\.\d+$/);
    expect(summary.callbacks).toHaveLength(4);
    for (const words of summary.callbacks) expect(said).toContain(`Callback: ${words}`);
    expect(said).toContain(
      'Epoch 2: val_auc did not improve for 1 epoch; the learning rate falls from 0.01 to 0.005',
    );
    expect(said).toContain('Epoch 1: val_auc 0.5 is the best so far, saved best-0.5.h5');
  });

  it('keeps the last weights otherwise', async () => {
    const { said, weights, summary, left } = await train([0.3, 0.6, 0.5], {});
    expect([summary.stopped, summary.weightsEpoch]).toEqual([null, 3]);
    expect(left).toEqual(weights[2]);
    expect(said.at(-1)).toMatch(/^Epoch 3\/3: loss /);
  });
});

describe('class weights', () => {
  const words = (cells: string, labelSmoothing = 0) => {
    const classes = ['A', 'B'];
    const rows = cells.split(' ').map((row, i) => `${i}.png,${i},${row}`);
    const frame = parseFrame(`Image,PatientId,A,B\n${rows.join('\n')}\n`, 'train.csv', { classes });
    const frequencies = frequencySummary('train', frame);
    const { positiveWeights: posWeights, negativeWeights: negWeights } = frequencies;
    const warned: string[] = [];
    const out = { ...SILENT, warn: (text: string) => void warned.push(text) };
    const context = { out, signal: new AbortController().signal };
    sayFrequencies(context, frequencies, weightedCrossEntropy({ posWeights, negWeights, labelSmoothing }));
    return warned.join();
  };

  it('that leave nothing of the loss are said', () => {
    expect(words('0,1 0,1')).toMatch(/loss of every training image is 0, so nothing will be learned/);
    expect(words('0,0')).toMatch(/`classWeights: none`/);
  });

  it('that leave something are not', () => {
    expect(words('0,1 1,1')).toBe('');
    expect(words('0,0 0,0', 0.1)).toBe('');
  });
});
