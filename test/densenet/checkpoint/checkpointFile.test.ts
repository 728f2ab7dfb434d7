/** Checkpoints as files: they come back whole, read as Keras weights, and a single changed bit is found. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WeightsError } from '../../../src/core/errors.js';
import {
  isCheckpoint,
  readCheckpointBytes,
  type StoredCheckpoint,
  writeCheckpointBytes,
} from '../../../src/densenet/checkpoint/checkpointFile.js';
import { loadCheckpoint, saveCheckpoint } from '../../../src/densenet/checkpoint/checkpointFile.node.js';
import { initialWeights } from '../../../src/densenet/initialisers.js';
import { readWeights } from '../../../src/densenet/weights/formats.js';
import { TINY } from '../../support/networks/tinyNet.js';

const weights = initialWeights(TINY, 4);
const slots = { m: new Map([...weights].filter(([key]) => !key.includes('moving'))) };
const stored: StoredCheckpoint = {
  checkpoint: {
    training: {
      epoch: 2,
      step: 1,
      weightedLoss: 0.1 + 0.2,
      images: 8,
      ms: 12.5,
      learningRate: 1e-3,
      stepsPerEpoch: 3,
      stopReason: null,
      batch: 1,
      source: { order: Int32Array.of(2, 0, 1) },
      validation: null,
      callbacks: { EarlyStopping: { best: Number.POSITIVE_INFINITY } },
    },
    weights,
    optimizer: { optimizer: 'sgd', iterations: 7, slots, settings: { learningRate: 1e-3 } },
  },
  config: TINY,
  about: { what: 'a test' },
};
const meaning = { labels: ['one', 'two'] };
let bytes: Uint8Array;
let folder: string;

beforeAll(async () => {
  bytes = await writeCheckpointBytes(stored, meaning);
  folder = await mkdtemp(join(tmpdir(), 'chexgpu-checkpoint-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('a checkpoint', () => {
  it('comes back to the last bit, and equal ones are equal bytes', async () => {
    expect(await readCheckpointBytes(bytes)).toEqual(stored);
    expect(await writeCheckpointBytes(stored, meaning)).toEqual(bytes);
  });

  it('is a file of Keras weights to all that reads these', async () => {
    const read = await readWeights(bytes, TINY, 'checkpoint.h5');
    expect(read.tensors).toEqual(weights);
    expect(read.labels).toEqual(['one', 'two']);
  });

  it('is written whole: a file that was there gives way, and nothing else is left', async () => {
    const path = join(folder, 'checkpoint.h5');
    await writeFile(path, 'old');
    await saveCheckpoint(path, stored, meaning);
    expect(await loadCheckpoint(path)).toEqual(stored);
    expect(new Uint8Array(await readFile(path))).toEqual(bytes);
    expect(await readdir(folder)).toEqual(['checkpoint.h5']);
  });
});

describe('what is no whole checkpoint is refused', () => {
  it('cut anywhere', async () => {
    for (const end of [0, 1, 40, bytes.length / 2, bytes.length - 60, bytes.length - 1]) {
      const cut = bytes.subarray(0, Math.floor(end));
      expect(isCheckpoint(cut)).toBe(false);
      await expect(readCheckpointBytes(cut, 'x.h5'), `${end}`).rejects.toThrow(
        'x.h5 is no checkpoint to go on from',
      );
    }
  });

  it('with a bit changed anywhere', async () => {
    for (const at of [9, 3000, bytes.length / 2, bytes.length - 50, bytes.length - 20]) {
      const changed = bytes.slice();
      changed[Math.floor(at)] ^= 4;
      await expect(readCheckpointBytes(changed), `${at}`).rejects.toThrow(WeightsError);
    }
  });

  it('a file that is not there, or another one', async () => {
    await expect(loadCheckpoint(join(folder, 'none.h5'))).rejects.toThrow(WeightsError);
    await writeFile(join(folder, 'text.h5'), 'text');
    await expect(loadCheckpoint(join(folder, 'text.h5'))).rejects.toThrow(WeightsError);
  });
});
