/** A signal and an onProgress at every door of weight files: its reason between two tensors, and no half a result. */
import { describe, expect, it } from 'vitest';
import type { Progress, WorkOptions } from '../../../src/core/work.js';
import { readWeights, writeWeights } from '../../../src/densenet/weights/formats.js';
import { readKerasHdf5, writeKerasHdf5 } from '../../../src/densenet/weights/keras/kerasLazy.js';
import {
  readTorchSafetensors,
  writeTorchSafetensors,
} from '../../../src/densenet/weights/torch/torchLazy.js';
import { differences, randomWeights, TINY } from '../../densenet/weights/keras/h5Fixtures.js';

const weights = randomWeights(TINY);
const [keras, torch, npz] = await Promise.all(
  ['keras3', 'safetensors', 'npz'].map((kind) => writeWeights(kind, weights, TINY)),
);
const mine = new Error('mine');

const READERS: Record<string, (work: WorkOptions) => Promise<{ tensors: typeof weights }>> = {
  'readWeights of Keras': (work) => readWeights(keras, TINY, 'x', work),
  'readWeights of safetensors': (work) => readWeights(torch, TINY, 'x', work),
  'readWeights of NumPy': (work) => readWeights(npz, TINY, 'x', work),
  readKerasHdf5: (work) => readKerasHdf5(keras, TINY, 'x', work),
  readTorchSafetensors: (work) => readTorchSafetensors(torch, TINY, 'x', work),
};
const WRITERS: Record<string, (work: WorkOptions) => Promise<Uint8Array>> = {
  'writeWeights of Keras': (work) => writeWeights('keras2', weights, TINY, work),
  'writeWeights of safetensors': (work) => writeWeights('safetensors', weights, TINY, work),
  'writeWeights of NumPy': (work) => writeWeights('npz', weights, TINY, work),
  writeKerasHdf5: (work) => writeKerasHdf5(weights, TINY, work),
  writeTorchSafetensors: (work) => writeTorchSafetensors(weights, TINY, {}, work),
};

async function heardOf(call: (work: WorkOptions) => Promise<unknown>) {
  const events: Progress[] = [];
  const value = await call({ onProgress: (progress) => events.push(progress) });
  return { events, value };
}

describe.each(Object.entries({ ...READERS, ...WRITERS }))('%s', (name, call) => {
  const isReader = name in READERS;

  it('says how far it is, up to the last tensor', async () => {
    const { events } = await heardOf(call);
    const total = weights.size;
    expect(new Set(events.map(({ phase, unit }) => `${phase} ${unit}`))).toEqual(
      new Set([isReader ? 'read tensors' : 'write tensors']),
    );
    expect(events[0].done).toBe(0);
    expect(events.at(-1)).toMatchObject({ done: total, total });
  });

  it('ends for its signal and for what onProgress throws, first, last and between', async () => {
    const { events, value } = await heardOf(call);
    for (const place of [0, Math.floor(events.length / 2), events.length - 1]) {
      const stop = new AbortController();
      let heard = 0;
      const aborts = () => heard++ === place && stop.abort(mine);
      await expect(call({ signal: stop.signal, onProgress: aborts })).rejects.toBe(mine);
      expect(heard).toBe(place + 1);
      heard = 0;
      const throws = () => {
        if (heard++ === place) throw mine;
      };
      await expect(call({ onProgress: throws })).rejects.toBe(mine);
    }
    await expect(call({ signal: AbortSignal.abort(mine) })).rejects.toBe(mine);
    await expect(call({ signal: 1 as never })).rejects.toThrow(/signal is 1, it must be an AbortSignal/);
    expect(await call({})).toEqual(value);
  });
});

it('a Keras file that is being read lets timers through, and others be read meanwhile', async () => {
  const stop = new AbortController();
  // Each tensor takes a while, as of a large network, and none waits for anything.
  const onProgress = () => {
    for (const since = performance.now(); performance.now() - since < 3; );
  };
  const slow = readKerasHdf5(keras, TINY, 'x', { signal: stop.signal, onProgress });
  setTimeout(() => stop.abort(mine), 1);
  const other = readKerasHdf5(keras, TINY, 'y');
  await expect(slow).rejects.toBe(mine);
  expect(differences((await other).tensors, weights)).toEqual([]);
});
