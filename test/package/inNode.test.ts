/** The installed package in Node: as ES modules, in a worker thread, as a command. */
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { installed } from '../support/programs/installed.js';
import { runNode } from '../support/programs/nodeProgram.js';
import { type Answer, expectSame, sourcesAnswer, writeUserFiles } from './userFiles.js';

/** SwiftShader is for Linux on x64. */
const ADAPTERS: Record<string, Record<string, string | undefined>> = {
  'the best adapter': {},
  ...(process.platform === 'linux' && process.arch === 'x64'
    ? { SwiftShader: { CHEXGPU_ADAPTER: 'swiftshader' } }
    : {}),
};

let project = '';
let brought: string[] = [];
let want: Answer;
/** Unpacked from what is installed, not from what this user has. */
const cache = () => ({ CHEXGPU_CACHE: join(project, 'cache'), CHEXGPU_DEBUG: undefined });

beforeAll(async () => {
  ({ project, brought } = await installed());
  await writeUserFiles(project);
  want = await sourcesAnswer();
});

it('npm installs the two packages that were asked for, and no other', () => {
  expect(brought.sort()).toEqual(['chexgpu', 'chexgpu-swiftshader']);
});

it('its command gives what the sources give', async () => {
  const command = join(project, 'node_modules', '.bin', 'chexgpu');
  const args = ['predict', '--weights', 'weights.h5', '--json', 'image.png'];
  const { code, stdout } = await runNode([realpathSync(command), ...args], cache(), { cwd: project });
  expect(code).toBe(0);
  const [{ probabilities }] = JSON.parse(stdout).predictions;
  const found = {
    labels: Object.keys(probabilities),
    probabilities: Object.values<number>(probabilities),
    map: want.map,
  };
  expectSame(found, want);
});

describe.each(Object.entries(ADAPTERS))('the installed package on %s', (name, env) => {
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await runNode(args, { ...cache(), ...env }, { cwd: project });
    expect({ code, said: stdout.trim() === '' ? stderr : '' }).toEqual({ code: 0, said: '' });
    return JSON.parse(stdout);
  };

  it.each([
    ['Node', ['program.mjs'], true],
    ['a worker thread of Node', ['thread.mjs', 'shared'], false],
  ] as const)('gives in %s what the sources give', async (_, args, isMainThread) => {
    const outcome = await run(...args);
    expect(outcome).toMatchObject({ isMainThread, isOneLibrary: true, bytesLeft: 0 });
    if (name === 'SwiftShader') expect(outcome.kind).toBe('swiftshader');
    for (const way of ['safetensors', 'h5']) expectSame(outcome[way], want);
    // The network in the box came along.
    expect(outcome.notice).toMatch(/drawings/);
  });

  it.runIf(name === 'SwiftShader')('says which environment a worker thread needs for it', async () => {
    expect(await run('thread.mjs')).toEqual({
      name: 'AdapterError',
      message: expect.stringMatching(
        /^SwiftShader was wanted .*, but Dawn does not accept it\. In a worker thread/,
      ),
      hint: expect.stringContaining('new Worker(file, { env: SHARE_ENV })'),
    });
  });
});
