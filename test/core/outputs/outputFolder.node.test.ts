import { existsSync, lstatSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { OutputFolder } from '../../../src/core/outputs/outputFolder.node.js';
import { at, NEW, OLD, put, stage, text, tree, write } from './scratchResults.js';

describe('a folder of results', () => {
  it('is replaced with --overwrite only, and only its listed files', async () => {
    await write('r', OLD);
    put('r/notes.txt', 'mine');
    await expect(write('r', NEW)).rejects.toThrow(/there already.*`overwrite: true`/);
    expect(tree('r')).toEqual({ ...OLD, 'notes.txt': 'mine' });
    await write('r', NEW, true);
    expect(tree('r')).toEqual({ ...NEW, 'notes.txt': 'mine' });
    expect(existsSync(at('r', 'figures'))).toBe(false);
  });

  it('without a list is never replaced, whatever its files are called', async () => {
    put('p/history.json', '{}');
    put('p/report.json', '{}');
    put('p/.git/HEAD', 'ref');
    for (const overwrite of [false, true]) {
      await expect(write('p', NEW, overwrite)).rejects.toThrow(UsageError);
    }
    for (const list of ['{}', '{"chexgpu":1}', '{"chexgpu":2,"files":[]}', 'no JSON', '']) {
      put('p/.chexgpu.json', list);
      await expect(write('p', NEW, true), list).rejects.toThrow(/did not write/);
    }
    expect(Object.keys(tree('p')).sort()).toEqual(['.git/HEAD', 'history.json', 'report.json']);
  });

  it('is refused where a listed file has become the user’s', async () => {
    await write('r', OLD);
    put('r/weights.h5', 'my weights!');
    await expect(write('r', NEW, true)).rejects.toThrow(/changed since.*weights\.h5/);
    // The same size.
    put('r/weights.h5', 'old weighty');
    await expect(write('r', NEW, true)).rejects.toThrow(/weights\.h5/);
    rmSync(at('r/weights.h5'));
    put('mine.h5', 'old weights');
    symlinkSync(at('mine.h5'), at('r/weights.h5'));
    await expect(write('r', NEW, true)).rejects.toThrow(/weights\.h5/);
    rmSync(at('r/weights.h5'));
    await write('r', NEW, true);
    expect(tree('r')).toEqual(NEW);
    expect(text('mine.h5')).toBe('old weights');
  });

  it('that a second command added to, file after file, is whole and can be replaced', async () => {
    await write('r', { 'checkpoint.h5': 'one', 'weights.h5': 'w' });
    const adding = await OutputFolder.open(at('r'), { adding: true });
    const published = [
      ['checkpoint.h5', 'two'],
      ['weights.h5', 'v'],
      ['checkpoint.h5', 'three'],
      ['log.csv', 'l'],
    ];
    for (const [name, content] of published) {
      stage(adding, { [name]: content });
      await adding.publish();
    }
    await adding.close();
    expect(tree('r')).toEqual({ 'checkpoint.h5': 'three', 'weights.h5': 'v', 'log.csv': 'l' });
    const { files } = JSON.parse(text('r', '.chexgpu.json'));
    expect(files.map(({ path }: { path: string }) => path).sort()).toEqual(Object.keys(tree('r')).sort());
    await write('r', NEW, true);
    expect(tree('r')).toEqual(NEW);
  });

  it('does not believe a list that leads out of it', async () => {
    put('precious.txt', 'mine');
    put('r/x', 'x');
    const entry = (path: string) => ({ path, bytes: 4, sha256: 'a'.repeat(64) });
    for (const path of [
      '../precious.txt',
      at('precious.txt'),
      'a/../../precious.txt',
      '.',
      '..',
      'a\\..\\b',
    ]) {
      put('r/.chexgpu.json', JSON.stringify({ chexgpu: 1, files: [entry(path)] }));
      await expect(write('r', NEW, true), path).rejects.toThrow(/did not write/);
    }
    expect(text('precious.txt')).toBe('mine');
  });

  it('does not follow a link out of it', async () => {
    await write('r', { 'figures/roc.svg': 'curve' });
    rmSync(at('r/figures'), { recursive: true });
    put('elsewhere/roc.svg', 'curve');
    symlinkSync(at('elsewhere'), at('r/figures'));
    await expect(write('r', { 'figures/roc.svg': 'new' }, true)).rejects.toThrow(/figures\/roc\.svg/);
    expect(text('elsewhere/roc.svg')).toBe('curve');
  });

  it('leaves a link to a folder a link', async () => {
    mkdirSync(at('disk'));
    symlinkSync(at('disk'), at('r'));
    await write('r', OLD);
    await write('r', NEW, true);
    expect(lstatSync(at('r')).isSymbolicLink()).toBe(true);
    expect(tree('disk')).toEqual(NEW);
    symlinkSync(at('not-yet'), at('s'));
    await write('s', OLD);
    expect(tree('not-yet')).toEqual(OLD);
  });

  it('keeps a file that turned up while it was made, and gives its own another name', async () => {
    const folder = await OutputFolder.open(at('r'));
    stage(folder, NEW);
    put('r/weights.h5', 'mine');
    const { renamed } = await folder.publish();
    await folder.close();
    expect(renamed).toEqual([{ wanted: 'weights.h5', given: 'weights-2.h5' }]);
    expect(tree('r')).toMatchObject({ 'weights.h5': 'mine', 'weights-2.h5': 'new weights' });
  });

  it('that writes a file again and again whose name is taken gives it one other name', async () => {
    const folder = await OutputFolder.open(at('r'));
    put('r/checkpoint.h5', 'mine');
    const publish = async (content: string) => {
      stage(folder, { 'checkpoint.h5': content });
      return (await folder.publish()).renamed;
    };
    expect(await publish('epoch 1')).toEqual([{ wanted: 'checkpoint.h5', given: 'checkpoint-2.h5' }]);
    expect(await publish('epoch 2')).toEqual([]);
    expect(await publish('epoch 3')).toEqual([]);
    put('r/checkpoint-2.h5', 'mine, too');
    expect(await publish('epoch 4')).toEqual([{ wanted: 'checkpoint.h5', given: 'checkpoint-3.h5' }]);
    await folder.close();
    const [mine, too, last] = ['mine', 'mine, too', 'epoch 4'];
    expect(tree('r')).toEqual({ 'checkpoint.h5': mine, 'checkpoint-2.h5': too, 'checkpoint-3.h5': last });
  });

  it('lists a file that grows in its place, whatever becomes of the work', async () => {
    await write('r', OLD);
    const folder = await OutputFolder.open(at('r'), { overwrite: true });
    put('r/log/a', 'begun');
    await folder.addGrowing('log/a');
    put('r/log/a', 'begun, and more');
    await folder.close();
    // Nothing was published: the earlier result and the log are both on the list.
    await write('r', NEW, true);
    expect(tree('r')).toEqual(NEW);
  });

  it('keeps a file that grows beside what is published, and takes one that begins otherwise for the user', async () => {
    const folder = await OutputFolder.open(at('r'));
    put('r/log/a', 'begun');
    await folder.addGrowing('log/a');
    stage(folder, NEW);
    await folder.publish();
    put('r/log/a', 'begun, and more');
    await folder.close();
    expect(tree('r')).toEqual({ ...NEW, 'log/a': 'begun, and more' });
    put('r/log/a', 'other');
    await expect(write('r', OLD, true)).rejects.toThrow(/log\/a/);
  });

  it('may be published in parts; the first replaces what was there', async () => {
    await write('r', OLD);
    const folder = await OutputFolder.open(at('r'), { overwrite: true });
    stage(folder, { 'weights.h5': '1' });
    await folder.publish();
    stage(folder, { 'report.html': '2', 'weights.h5': '1b' });
    await folder.publish();
    await folder.close();
    expect(tree('r')).toEqual({ 'weights.h5': '1b', 'report.html': '2' });
    await write('r', NEW, true);
    expect(tree('r')).toEqual(NEW);
  });

  it('leaves nothing where the work fails', async () => {
    const folder = await OutputFolder.open(at('a/b/r'));
    stage(folder, NEW);
    await folder.close();
    expect(readdirSync(at())).toEqual([]);
  });

  it('is refused where the disk has too little room', async () => {
    await expect(OutputFolder.open(at('r'), { needs: 1e18 })).rejects.toThrow(
      /about 1,000,000,000 GB are needed/,
    );
    expect(readdirSync(at())).toEqual([]);
  });
});
