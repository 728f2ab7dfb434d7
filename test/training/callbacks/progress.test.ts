import { describe, expect, it } from 'vitest';
import { EarlyStopping } from '../../../src/training/callbacks/earlyStopping.js';
import { type ProgressSink, TrainingProgress } from '../../../src/training/callbacks/progress.js';
import { recordedSource } from '../../support/networks/tinyNet.js';
import { TinyTraining } from './tinyTraining.js';

const tiny = new TinyTraining();

/** Writes down what it is told; each bar has a number. */
function recorder(): { sink: ProgressSink; lines: string[] } {
  const lines: string[] = [];
  let bars = 0;
  const progress = (title: string, total: number, unit = 'steps') => {
    const bar = bars++;
    lines.push(`${bar}: ${title}, ${total} ${unit}`);
    return {
      update: (done: number, note?: string) => void lines.push(`${bar}: ${done}${note ? `, ${note}` : ''}`),
    };
  };
  return { sink: { progress, say: (line) => void lines.push(line) }, lines };
}

const NOTE = /^\d: \d, loss \d\.\d{4} \(mean \d\.\d{4}\) [\d.]+ images\/s$/;
const LINE = /^Epoch \d\/\d: loss \d\.\d{4}, validation loss \d\.\d{4}, \d\.\d s$/;
const match = (pattern: RegExp) => expect.stringMatching(pattern);

describe('TrainingProgress', () => {
  it('shows every epoch and its validation, and leaves a line of each', async () => {
    const { sink, lines } = recorder();
    await tiny.run({
      epochs: 2,
      validation: recordedSource([2]).source,
      callbacks: [new TrainingProgress(sink)],
    });
    expect(lines).toEqual([
      '0: Epoch 1/2, 2 steps',
      ...[match(NOTE), match(NOTE), '1: Validation, 1 batches', '1: 1', match(LINE)],
      '2: Epoch 2/2, 2 steps',
      ...[match(NOTE), match(NOTE), '3: Validation, 1 batches', '3: 1', match(LINE)],
    ]);
  });

  it('shows the numbers of the training', async () => {
    const { sink, lines } = recorder();
    const { stepLoss, epochs } = await tiny.run({ callbacks: [new TrainingProgress(sink)] });
    const loss = epochs[0].logs.loss.toFixed(4);
    expect(lines[1]).toContain(`1, loss ${stepLoss[0].toFixed(4)} (mean ${stepLoss[0].toFixed(4)})`);
    expect(lines[2]).toContain(`2, loss ${stepLoss[1].toFixed(4)} (mean ${loss})`);
    expect(lines[3]).toContain(`Epoch 1/1: loss ${loss}, `);
    expect(lines[3]).not.toContain('validation');
  });

  it('begins no epoch that will not come, and says why', async () => {
    const { sink, lines } = recorder();
    const callbacks = [new EarlyStopping({ monitor: 'lr', patience: 1 }), new TrainingProgress(sink)];
    await tiny.run({ epochs: 9, callbacks });
    expect(lines.filter((line) => line.includes('steps')).length).toBe(2);
    expect(lines.at(-1)).toBe('Stopped: lr did not improve for 1 epoch; the best was 0.01 in epoch 1');
  });

  it('needs no lines', async () => {
    const { sink, lines } = recorder();
    await tiny.run({ callbacks: [new TrainingProgress({ progress: sink.progress })] });
    expect(lines).toHaveLength(3);
  });
});
