import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { addFiles } from '../../../src/core/outputs/addFiles.node.js';
import { healFolder } from '../../../src/core/outputs/claim.node.js';
import { OutputFolder } from '../../../src/core/outputs/outputFolder.node.js';
import { newToken } from '../../../src/core/outputs/workToken.node.js';
import { at, NEW, OLD, put, stage, text, tree, write } from './scratchResults.js';

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
    expect(readdirSync(at()).sort()).toEqual(['r', 'starts']);
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
