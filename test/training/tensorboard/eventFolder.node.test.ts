/** Event files in Node: where they lie, and that whoever reads them never meets half a record. */
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DataError, UsageError } from '../../../src/core/errors.js';
import { EventFolder } from '../../../src/training/tensorboard/eventFolder.node.js';
import { beginRecords, eventRecord } from '../../../src/training/tensorboard/record.js';
import { scalarValue } from '../../../src/training/tensorboard/summaries.js';
import { readEvents } from '../../support/files/eventFile.js';
import { refused } from '../../support/refused.js';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'chexgpu-events-'));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(root, { recursive: true, force: true });
});

const filesIn = (...parts: string[]) =>
  readdirSync(join(root, ...parts)).filter((name) => name.includes('tfevents'));
const scalar = (step: number) => eventRecord(1, step, [scalarValue('loss', step)]);
const stepsIn = (run: string, name: string) =>
  readEvents(readFileSync(join(root, 'tb', run, name))).map(({ step }) => step);

describe('a folder of event files', () => {
  it('has a file per run, with each record as soon as it is written', async () => {
    const made: string[] = [];
    const folder = await EventFolder.open(join(root, 'tb'), { onFile: async (path) => void made.push(path) });
    expect(readdirSync(root)).toEqual([]);
    await folder.write('train', beginRecords(1, 0));
    await folder.write('', beginRecords(1, 0));
    for (const step of [1, 2]) {
      await folder.write('train', scalar(step));
      expect(stepsIn('train', filesIn('tb', 'train')[0])).toEqual([0, 1, 1, 2].slice(0, step + 2));
    }
    await folder.flush();
    await folder.close();
    const [train] = filesIn('tb', 'train');
    expect(train).toMatch(/^events\.out\.tfevents\.\d{10}\.chexgpu\.\d+\.0\.v2$/);
    expect(made).toEqual([`train/${train}`, filesIn('tb')[0]]);
  });

  it('can be read up to the last record where a kill cut the file short', async () => {
    const folder = await EventFolder.open(join(root, 'tb'));
    for (const step of [1, 2, 3]) await folder.write('train', scalar(step));
    await folder.close();
    const [name] = filesIn('tb', 'train');
    const whole = readFileSync(join(root, 'tb', 'train', name));
    writeFileSync(join(root, 'tb', 'train', name), whole.subarray(0, whole.length - 5));
    expect(stepsIn('train', name)).toEqual([1, 2]);
  });

  it('goes on in a new file that comes behind those that are there', async () => {
    const late = 'events.out.tfevents.9000000000.chexgpu.1.0.v2';
    mkdirSync(join(root, 'tb', 'train'), { recursive: true });
    writeFileSync(join(root, 'tb', 'train', late), scalar(1));
    const folder = await EventFolder.open(join(root, 'tb'), { beside: true });
    await folder.write('train', scalar(1));
    await folder.close();
    const names = filesIn('tb', 'train').sort();
    expect(names.length).toBe(2);
    expect(names[0]).toBe(late);
    expect(readFileSync(join(root, 'tb', 'train', late))).toEqual(Buffer.from(scalar(1)));
  });

  it('is not shared by two trainings of one second', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const [a, b] = [await EventFolder.open(join(root, 'tb')), await EventFolder.open(join(root, 'tb'))];
    await a.write('', scalar(1));
    await b.write('', scalar(2));
    await Promise.all([a.close(), b.close()]);
    expect(
      filesIn('tb')
        .sort()
        .map((name) => stepsIn('', name)),
    ).toEqual([[1], [2]]);
  });

  it('keeps whole records where the disk refuses one', async () => {
    const folder = await EventFolder.open(join(root, 'tb'));
    await folder.write('', scalar(1));
    const [name] = filesIn('tb');
    // As a disk that fills up: a part of the record gets through.
    const { handle } = (
      folder as unknown as { files: Map<string, { handle: { writeFile: unknown } }> }
    ).files.get('')!;
    const { writeFile } = handle;
    handle.writeFile = async (bytes: Uint8Array) => {
      appendFileSync(join(root, 'tb', name), bytes.subarray(0, 7));
      throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
    };
    await refused(() => folder.write('', scalar(2)), DataError, /tb could not be written: the disk is full/);
    handle.writeFile = writeFile;
    await folder.write('', scalar(3));
    await folder.close();
    expect(stepsIn('', name)).toEqual([1, 3]);
  });

  it('refuses one with the files of another training, a file, and no name', async () => {
    const first = await EventFolder.open(join(root, 'tb'));
    await first.write('validation', scalar(1));
    await first.close();
    const open = (path: string) => EventFolder.open(path);
    await refused(
      () => open(join(root, 'tb')),
      UsageError,
      /event files of another training .*validation.*tfevents/,
    );
    writeFileSync(join(root, 'file'), '');
    await refused(() => open(join(root, 'file')), UsageError, /file is a file/);
    await refused(() => open(''), UsageError, /no name/);
  });
});
