/** Arrays that NumPy saved, and those that NumPy opens. */
import { writeFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { UsageError, WeightsError } from '../../../../src/core/errors.js';
import { parameterTable } from '../../../../src/densenet/architecture.js';
import {
  leftOut,
  readWeights,
  sniffWeights,
  writeWeights,
} from '../../../../src/densenet/weights/formats.js';
import { makeNpz, readNpz } from '../../../../src/densenet/weights/numpy/npz.js';
import { golden } from '../../../support/golden/parity.js';
import { differences, randomAdam, TINY } from '../keras/h5Fixtures.js';

const { files } = golden<{ files: Record<string, string> }>('keras/npz.json');
const file = (name: string) => Uint8Array.from(Buffer.from(files[name], 'base64'));

/** As make_npz.py draws them. */
const WEIGHTS = new Map(
  parameterTable(TINY).map(({ key, size, tensor }) => {
    const values = Float32Array.from(
      { length: size },
      (_, i) => (((i * 31 + 7 * key.length) % 1024) - 512) / 256,
    );
    return [key, tensor === 'moving_variance' ? values.map(Math.abs) : values];
  }),
);

describe('weights that NumPy saved', () => {
  it.each([
    ['keras2', 'float32 under the names of Keras 2'],
    ['keras3', 'float64, deflated, under the paths of Keras 3, with a head of another name'],
  ])('%s: %s', async (name) => {
    const read = await readWeights(file(name), TINY, 'x.npz');
    expect(differences(read.tensors, WEIGHTS)).toEqual([]);
    expect(read.config).toEqual(TINY);
    expect(read.report).toMatchObject({ layout: 'npz', head: true, tensorCount: 36, activationBy: 'nobody' });
    expect(read.words.contents).toBe('arrays of NumPy, 36 tensors, 3 input channels, 3 outputs');
  });

  it('are taken in half precision and without the head', async () => {
    const stated = { activation: 'softmax', bnEpsilon: 1e-3 } as const;
    const { tensors, report, config } = await readWeights(file('base'), TINY, 'x.npz', stated);
    const base = new Map([...WEIGHTS].filter(([key]) => !key.startsWith('dense_1/')));
    expect(differences(tensors, base)).toEqual([]);
    expect(report).toMatchObject({ head: false, activationBy: 'caller', bnEpsilonBy: 'caller' });
    expect(config).toMatchObject(stated);
  });

  it('come back as they were written', async () => {
    const bytes = await writeWeights('npz', WEIGHTS, TINY);
    expect(await writeWeights('npz', WEIGHTS, TINY)).toEqual(bytes);
    const arrays = await readNpz(bytes, 'x.npz');
    expect([...arrays].map(([key, { shape }]) => [key, shape])).toEqual(
      parameterTable(TINY).map(({ key, shape }) => [key, shape]),
    );
    // `make_npz.py check` opens it with NumPy.
    if (process.env.CHEXGPU_NPZ) writeFileSync(process.env.CHEXGPU_NPZ, bytes);
    expect(await leftOut('npz', { config: TINY, labels: ['a', 'b', 'c'] })).toEqual([
      expect.stringMatching(/^how the network is built: \{"blocks":/),
      'the order of its outputs: a, b, c',
    ]);
  });

  it('hold no state of an optimizer and no base alone', async () => {
    for (const options of [{ optimizer: randomAdam(TINY) }, { head: false }]) {
      await expect(writeWeights('npz', WEIGHTS, TINY, options)).rejects.toThrow(UsageError);
    }
    await expect(readWeights(file('keras2'), TINY, 'x', { optimizer: true })).rejects.toThrow(
      /no optimizer's state/,
    );
  });
});

describe('refused by name is', () => {
  it.each([
    ['fortran', /x\.npz: a\/kernel is stored column by column\. Save np\.ascontiguousarray/],
    ['big', /x\.npz: a\/kernel holds numbers of type >f4/],
    ['whole', /x\.npz: a\/kernel holds numbers of type <i8/],
    ['fields', /x\.npz: a\/kernel is no array of floats/],
    ['unnamed', /names its arrays arr_0, arr_1: that tells no layers\. Save it by names: np\.savez/],
  ])('a file with %s arrays', async (name, message) => {
    expect(sniffWeights(file(name))?.name).toBe('NumPy .npz');
    await expect(readWeights(file(name), TINY, 'x.npz')).rejects.toThrow(message);
    await expect(readWeights(file(name), TINY, 'x.npz')).rejects.toThrow(WeightsError);
  });

  /** The bytes, changed at each entry of the archive's list. */
  function listed(bytes: Uint8Array, change: (view: DataView, at: number) => void): Uint8Array {
    const wrong = bytes.slice();
    const view = new DataView(wrong.buffer);
    for (let at = 0; at + 46 < wrong.length; at++)
      if (view.getUint32(at, true) === 0x02014b50) change(view, at);
    return wrong;
  }

  it('a file that says to unpack to gigabytes, before anything is unpacked', async () => {
    const bytes = file('keras3');
    const bomb = listed(bytes, (view, at) => view.setUint32(at + 24, 2 ** 28, true));
    await expect(readWeights(bomb, TINY, 'x.npz')).rejects.toThrow(
      /^x\.npz unpacks to .* GB; 537 MB are read at most\./,
    );
  });

  it('another compression, which is no damage', async () => {
    const bzip2 = listed(file('keras3'), (view, at) => view.setUint16(at + 10, 12, true));
    await expect(readWeights(bzip2, TINY, 'x.npz')).rejects.toThrow(
      /^x\.npz is packed by method 12 of zip archives; .* Save it with np\.savez or np\.savez_compressed\.$/,
    );
  });

  it("a type that is a word of JavaScript's, as any other", async () => {
    const bytes = makeNpz(new Map([['a/kernel', { shape: [1], values: new Float32Array(1) }]]));
    const from = new TextEncoder().encode("'<f4', 'fortran_order': False, 'shape': (1,), ");
    const to = new TextEncoder().encode("'constructor','fortran_order':False,'shape':()");
    const at = Buffer.from(bytes).indexOf(from);
    bytes.set(to, at);
    const summed = listed(bytes, (view, entry) => {
      const content = bytes
        .subarray(30 + 'a/kernel.npy'.length)
        .subarray(0, view.getUint32(entry + 24, true));
      view.setUint32(entry + 16, crc32(content), true);
    });
    await expect(readNpz(summed, 'x.npz')).rejects.toThrow(/holds numbers of type constructor;/);
  });

  it('another network, and a NaN, by layer', async () => {
    const wide = { ...TINY, growthRate: 8 };
    await expect(readWeights(file('keras2'), wide, 'x.npz')).rejects.toThrow(
      /x\.npz does not fit: layer conv2_block1_1_conv, kernel: the file has shape \[1, 1, 8, 8\]/,
    );
    const arrays = await readNpz(file('keras2'), 'x.npz');
    arrays.get('bn/beta:0')!.values[3] = Number.NaN;
    await expect(readWeights(makeNpz(arrays), TINY, 'x.npz')).rejects.toThrow(
      /layer bn, beta holds NaN at position 3/,
    );
  });

  it('a file cut short, wherever the cut is', async () => {
    for (const name of ['keras2', 'keras3']) {
      const bytes = file(name);
      for (const share of [0.1, 0.5, 0.9, 0.999]) {
        const cut = bytes.slice(0, Math.floor(bytes.length * share));
        await expect(readWeights(cut, TINY, 'x.npz')).rejects.toThrow(/x\.npz is damaged: .* cut short/);
      }
    }
  });

  it('a file with a wrong byte anywhere, or read to the same numbers', async () => {
    const bytes = file('keras3');
    for (let at = 0; at < bytes.length; at += 97) {
      const wrong = bytes.slice();
      wrong[at] ^= 0x55;
      const read = await readWeights(wrong, TINY, 'x.npz').catch((error: unknown) => error);
      if (read instanceof Error) expect(read, `byte ${at}: ${read.stack}`).toBeInstanceOf(WeightsError);
      else expect(differences((read as { tensors: typeof WEIGHTS }).tensors, WEIGHTS)).toEqual([]);
    }
  });
});
