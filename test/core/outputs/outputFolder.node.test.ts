import { spawnSync } from 'node:child_process';
import {
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { addFiles } from '../../../src/core/outputs/addFiles.node.js';
import { healFolder } from '../../../src/core/outputs/claim.node.js';
import { OutputFolder } from '../../../src/core/outputs/outputFolder.node.js';
import { checkFile, textKind } from '../../../src/core/outputs/singleFile.node.js';
import { newToken } from '../../../src/core/outputs/workToken.node.js';

let root = '';
const at = (...parts: string[]) => join(root, ...parts);
const text = (...parts: string[]) => readFileSync(at(...parts), 'utf8');

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'chexgpu-outputs-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(path: string, content: string): void {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), content);
}

/** A whole result: each name and its text. */
async function write(target: string, files: Record<string, string>, overwrite = false): Promise<void> {
  const folder = await OutputFolder.open(at(target), { overwrite });
  try {
    stage(folder, files);
    await folder.publish();
  } finally {
    await folder.close();
  }
}

function stage(folder: OutputFolder, files: Record<string, string>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder.staged, name)), { recursive: true });
    writeFileSync(join(folder.staged, name), content);
  }
}

/** Visible and hidden names below a folder. */
function tree(folder: string, prefix = ''): Record<string, string> {
  const found: Record<string, string> = {};
  for (const entry of readdirSync(join(at(folder), prefix), { withFileTypes: true })) {
    const path = prefix ? `${prefix}/${entry.name}` : entry.name;
    if (entry.isDirectory()) Object.assign(found, tree(folder, path));
    else if (path !== '.chexgpu.json') found[path] = text(folder, path);
  }
  return found;
}

const { pid } = spawnSync(process.execPath, ['-e', '']);

/** The token of a process that has ended. */
function deadToken(): string {
  const [host, , started, random] = newToken().split('-');
  return `${host}-${pid}-${started}-${random}`;
}

/** As if the process that has `target` in hand had been killed: its folder, with a dead owner. */
function kill(target: string): void {
  writeFileSync(
    at(target, '.chexgpu-work', 'owner.json'),
    JSON.stringify({ token: deadToken(), made: false }),
  );
}

const OLD = { 'weights.h5': 'old weights', 'history.json': 'old history', 'figures/roc.svg': 'old curve' };
const NEW = { 'weights.h5': 'new weights', 'history.json': 'new history', 'report.html': 'new report' };

describe('a folder of results', () => {
  it('is replaced with --overwrite only, and only its listed files', async () => {
    await write('r', OLD);
    put('r/notes.txt', 'mine');
    await expect(write('r', NEW)).rejects.toThrow(/there already.*--overwrite/);
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
    expect(readdirSync(root)).toEqual([]);
  });

  it('is refused where the disk has too little room', async () => {
    await expect(OutputFolder.open(at('r'), { needs: 1e18 })).rejects.toThrow(/MB are needed/);
    expect(readdirSync(root)).toEqual([]);
  });
});

describe('what a command reads', () => {
  it('is never written to, held or joined, by whatever path', async () => {
    put('p/data/images/a.png', 'pixels');
    put('p/data/train.csv', 'rows');
    mkdirSync(at('p/data/empty'));
    symlinkSync(at('p/data'), at('link'));
    linkSync(at('p/data/train.csv'), at('hard.csv'));
    const inputs = { paths: [at('p/data'), at('p/data/train.csv')], imageFolders: [at('p/data/images')] };
    for (const target of [
      'p/data',
      'p',
      '.',
      'link',
      'link/../p/data/',
      'p/data/images',
      'p/data/images/new',
    ]) {
      await expect(OutputFolder.open(at(target), { inputs, overwrite: true }), target).rejects.toThrow(
        UsageError,
      );
    }
    const kind = textKind('text', /rows|pixels/);
    const file = (path: string) => checkFile(path, { inputs, overwrite: true, kind });
    for (const path of ['p/data/train.csv', 'hard.csv', 'link/train.csv', 'p/data/images/a.png']) {
      await expect(file(at(path)), path).rejects.toThrow(/this command reads/);
    }
    await file(at('p/data/predictions.csv'));
    const folder = await OutputFolder.open(at('p/data/run'), { inputs });
    await folder.close();
    expect(existsSync(at('p/data/empty'))).toBe(true);
  });
});

describe('two at once', () => {
  it('of one name: the second stops, and the first goes on', async () => {
    const folder = await OutputFolder.open(at('r'));
    await expect(OutputFolder.open(at('r'), { overwrite: true })).rejects.toThrow(/another chexgpu/);
    stage(folder, NEW);
    await folder.publish();
    await expect(OutputFolder.open(at('r'), { overwrite: true })).rejects.toThrow(/another chexgpu/);
    await folder.close();
    expect(tree('r')).toEqual(NEW);
  });

  it('of eight that start together one gets the folder', async () => {
    const opened = await Promise.allSettled(Array.from({ length: 8 }, () => OutputFolder.open(at('r'))));
    const got = opened.filter((one) => one.status === 'fulfilled');
    expect(got).toHaveLength(1);
    await got[0].value.close();
  });

  it('that add to one folder wait for each other', async () => {
    const names = await Promise.all(
      ['1', '2', '3'].map((content) => addFiles(at('g'), [{ name: 'a', ending: '.png', content }])),
    );
    expect(new Set(names.flat()).size).toBe(3);
    expect(Object.values(tree('g')).sort()).toEqual(['1', '2', '3']);
  });
});

describe('what a killed process left', () => {
  it('in the days of 0.1: a result without its name gets it back', async () => {
    put('runs/.r-0a1b2c3d-old/weights.h5', 'old');
    put('runs/.s-00000002/weights.h5', 'a copy of somebody');
    await write('runs/other', NEW);
    expect(readdirSync(at('runs')).sort()).toEqual(['.r-0a1b2c3d-old', '.s-00000002', 'other']);
    await expect(write('runs/r', NEW)).rejects.toThrow(/there already/);
    expect(tree('runs/r')).toEqual({ 'weights.h5': 'old' });
  });

  it('before its result was whole goes, and the old result stays', async () => {
    await write('runs/r', OLD);
    const folder = await OutputFolder.open(at('runs/r'), { overwrite: true });
    stage(folder, NEW);
    kill('runs/r');
    await healFolder(at('runs/r'));
    expect(tree('runs/r')).toEqual(OLD);
  });

  it('goes with the next run beside it, with the folder that was made for it', async () => {
    await OutputFolder.open(at('runs/dead'));
    const token = deadToken();
    put('runs/dead/.chexgpu-work/owner.json', JSON.stringify({ token, made: true }));
    put('runs/dead/.chexgpu-work/files/weights.h5', 'part');
    put(`runs/next/.chexgpu-${token}.tmp`, 'part');
    put(`runs/next/.chexgpu-${newToken()}.tmp`, 'a living process’s');
    const living = await OutputFolder.open(at('runs/living'));
    await addFiles(at('runs/next'), [{ name: 'a', ending: '.txt', content: 'x' }]);
    expect(readdirSync(at('runs')).sort()).toEqual(['living', 'next']);
    expect(readdirSync(at('runs/living'))).toEqual(['.chexgpu-work']);
    const left = readdirSync(at('runs/next')).filter((name) => name.endsWith('.tmp'));
    expect(left).toHaveLength(1);
    await living.close();
  });

  it('as it began or let go is met by a start right behind it', async () => {
    const began = `r/.chexgpu-aside.${deadToken()}`;
    put(`${began}/owner.json`, '{');
    put('r/.chexgpu-work/nothing', 'with its owner’s name gone');
    put(`made/.chexgpu-aside.${deadToken()}/owner.json`, JSON.stringify({ token: deadToken(), made: true }));
    put(`starts/.chexgpu-aside.${newToken()}/owner.json`, '{');
    await write('r', NEW);
    expect(tree('r')).toEqual(NEW);
    expect(readdirSync(root).sort()).toEqual(['r', 'starts']);
    expect(readdirSync(at('starts'))).toHaveLength(1);
  });

  it('that lets its folder go is not taken for dead by those that begin beside it', async () => {
    put('runs/stays', '');
    for (let round = 0; round < 60; round++) {
      const name = at('runs', `r${round}`);
      const ending = await OutputFolder.open(name);
      let ended = false;
      const look = async (): Promise<void> => {
        while (!ended) await healFolder(name);
      };
      const looks = [look(), look(), look()];
      await ending.close();
      ended = true;
      await Promise.all(looks);
    }
    expect(readdirSync(at('runs'))).toEqual(['stays']);
  });

  it.runIf(process.getuid?.() === 0)('of another user, whatever it says, is left alone', async () => {
    put(`r/.chexgpu-left.${deadToken()}/owner.json`, '{}');
    const [left] = readdirSync(at('r'));
    chownSync(at('r', left), 4242, 4242);
    await addFiles(at('r'), [{ name: 'a', ending: '.txt', content: 'x' }]);
    expect(readdirSync(at('r')).sort()).toEqual(['.chexgpu.json', left, 'a.txt'].sort());
  });

  it('of another machine, another user’s process or a used-again process id: told apart', async () => {
    const [host, own, started, random] = newToken().split('-');
    const cases: [string, boolean][] = [
      [`00000000-${pid}-${started}-${random}`, false],
      [newToken(), false],
      [deadToken(), true],
    ];
    if (started !== '0') cases.push([`${host}-${own}-1-${random}`, true]);
    for (const [token, goes] of cases) {
      put('r/.chexgpu-work/owner.json', JSON.stringify({ token, made: false }));
      await healFolder(at('r'));
      expect(existsSync(at('r/.chexgpu-work')), token).toBe(!goes);
    }
  });

  /** Everything that `publish` does to the folder, one step after the other, up to the step of the kill. */
  async function killedAfter(steps: number): Promise<boolean> {
    await write('r', OLD);
    const folder = await OutputFolder.open(at('r'), { overwrite: true });
    stage(folder, NEW);
    let left = steps;
    const step = (work: () => void) => {
      if (left-- > 0) work();
    };
    const { createHash } = await import('node:crypto');
    const written = (files: Record<string, string>) =>
      Object.entries(files).map(([path, content]) => ({
        path,
        bytes: content.length,
        sha256: createHash('sha256').update(content).digest('hex'),
      }));
    const journal = {
      moves: written(NEW).map((to) => ({ from: to.path, to })),
      replaces: written(OLD),
      removes: written({ 'figures/roc.svg': OLD['figures/roc.svg'] }),
      files: written(NEW),
    };
    put('r/.chexgpu-work/.chexgpu.json', JSON.stringify({ chexgpu: 1, files: journal.files }));
    step(() => put('r/.chexgpu-work/commit.json', JSON.stringify(journal)));
    for (const name of Object.keys(NEW)) step(() => renameSync(join(folder.staged, name), at('r', name)));
    step(() => rmSync(at('r/figures/roc.svg')));
    step(() => renameSync(at('r/.chexgpu-work/.chexgpu.json'), at('r/.chexgpu.json')));
    kill('r');
    return left > 0;
  }

  it('between any two steps: the next start finds the old result whole, or the new one', async () => {
    for (let steps = 0; ; steps++) {
      const isOver = await killedAfter(steps);
      if (steps % 2) await healFolder(at('r'));
      else await expect(OutputFolder.open(at('r'))).rejects.toThrow(/there already/);
      expect(tree('r'), `${steps} steps`).toEqual(steps === 0 ? OLD : NEW);
      await write('r', { 'weights.h5': 'later' }, true);
      expect(tree('r')).toEqual({ 'weights.h5': 'later' });
      rmSync(at('r'), { recursive: true });
      if (isOver) break;
    }
  });

  it('half in place with a file of the user’s in the way: said, and nothing of it lost', async () => {
    await killedAfter(2);
    put('r/history.json', 'mine');
    await healFolder(at('r'));
    await expect(OutputFolder.open(at('r'), { overwrite: true })).rejects.toThrow(
      /history\.json is in the way/,
    );
    expect(text('r/history.json')).toBe('mine');
    rmSync(at('r/history.json'));
    await healFolder(at('r'));
    expect(tree('r')).toEqual(NEW);
  });
});
