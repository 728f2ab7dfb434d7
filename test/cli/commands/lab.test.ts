import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chexgpu, ensureBuilt, scratchFolder } from '../../support/programs/cli.js';

const scratch = scratchFolder();

const OP = 'conv1x1.forward';

/** A naive 1x1 convolution. */
let template = '';

beforeAll(async () => {
  await ensureBuilt();
  const printed = await chexgpu(['lab', OP, '--template']);
  expect([printed.code, printed.stderr]).toEqual([0, '']);
  template = printed.stdout;
});

afterAll(() => scratch.remove());

/** Checks a text without a race. */
async function tried(name: string, text: string | Uint8Array, ...flags: string[]) {
  const path = scratch.path(name);
  await writeFile(path, text);
  return chexgpu(['lab', OP, path, '--no-race', ...flags]);
}

const WRONG = '] = sum + select(0.0, 1.0, co == 2u);';

describe('chexgpu lab', () => {
  it('prints a kernel to start from, which passes as it is', async () => {
    expect(template).toMatch(
      /^\/\/ A copy of conv\.forward\.naive[\s\S]*chexgpu lab conv1x1\.forward my\.wgsl --watch/,
    );
    const ended = await tried('mine.wgsl', template, '--json');
    expect(ended.code).toBe(0);
    expect(JSON.parse(ended.stdout)).toMatchObject({
      command: 'lab',
      ok: true,
      operation: OP,
      op: 'conv.forward',
      like: 'naive',
      constants: { set: expect.arrayContaining(['KERNEL', 'PAD', 'PROLOGUE', 'STRIDE']), own: ['WORKGROUP'] },
      checks: expect.arrayContaining([expect.objectContaining({ title: '1x1 odd channels', ok: true })]),
      race: [],
    });
    expect(ended.stderr).toMatch(/dispatched like naive \(by the comment in mine\.wgsl\)/);
  });

  it('lists operations and variants', async () => {
    const { code, stdout } = await chexgpu(['lab', '--list']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/conv3x3\.forward +naive .*tiled/);
    expect(stdout).toMatch(/adam\.step +naive vec4/);
  });

  it('races a kernel that is right', async () => {
    const path = scratch.path('sum.wgsl');
    await writeFile(path, (await chexgpu(['lab', 'loss.sum', '--template'])).stdout);
    const ended = await chexgpu(['lab', 'loss.sum', path, '--json', '--no-peaks']);
    expect(ended.code).toBe(0);
    const [race] = JSON.parse(ended.stdout).race;
    expect(race.rows.map(({ name }: { name: string }) => name)).toEqual(['sum.wgsl', 'naive']);
    expect(race.comparison).toMatchObject({ speedup: expect.any(Number), low: expect.any(Number) });
    expect(ended.stderr).toMatch(/> +sum\.wgsl +[\d.]+/);
  });

  it('shows where a kernel is wrong and ends with 7, without a race', async () => {
    const path = scratch.path('wrong.wgsl');
    await writeFile(path, template.replace('] = sum;', WRONG));
    const { code, stdout } = await chexgpu(['lab', OP, path]);
    expect(code).toBe(7);
    expect(stdout).toMatch(
      /WRONG on 1x1 odd channels, \[2,3,5,7\] 1x1 -> 9:\n {2}30 of 270 elements of y are off\n/,
    );
    expect(stdout).toMatch(/ y\[0,0,0,2\] +-?[\d.e-]+ +-?[\d.e-]+ +\S+\n/);
    expect(stdout).toMatch(/right on 0 of \d+ small shapes/);
    expect(stdout).toMatch(/No race for a kernel that is wrong/);
  });

  it('shows what does not compile, with line and caret, and ends with 7', async () => {
    const { code, stderr } = await tried(
      'broken.wgsl',
      template.replace('var sum = 0.0;', 'var sum = nought;'),
    );
    expect(code).toBe(7);
    const line = template.split('\n').findIndex((text) => text.includes('var sum = 0.0;')) + 1;
    expect(stderr).toMatch(
      new RegExp(`broken\\.wgsl:${line}:13: error: .*nought.*\\n {4}var sum = nought;\\n {14}\\^{6}\\n`),
    );
  });

  it('says what does not work only with the constants of the host', async () => {
    const source = template.replace(
      'var sum = 0.0;',
      'var sum = 1.0 / f32(KERNEL - 1u); const_assert KERNEL == 3u;',
    );
    const { code, stderr } = await tried('three.wgsl', source);
    expect(code).toBe(7);
    expect(stderr).toMatch(/three\.wgsl does not work with the constants that the host sets \(KERNEL=1 .*\)/);
    expect(stderr).toMatch(/three\.wgsl:\d+:\d+: error: /);
  });
});

describe('files and flags that make no sense', () => {
  const cases: [string, () => Promise<string[]>, number, RegExp][] = [
    [
      'a missing file',
      async () => [OP, scratch.path('gone.wgsl')],
      3,
      /gone\.wgsl does not exist.*--template/,
    ],
    [
      'a folder',
      async () => {
        await mkdir(scratch.path('folder.wgsl'));
        return [OP, scratch.path('folder.wgsl')];
      },
      3,
      /folder\.wgsl is a folder/,
    ],
    ['an empty file', () => file('empty.wgsl', ' \n'), 3, /empty\.wgsl is empty/],
    [
      'no text',
      () => file('image.wgsl', Uint8Array.from([0x89, 0x50, 0xff])),
      3,
      /image\.wgsl cannot be read as text/,
    ],
    [
      'a missing binding',
      () => file('bare.wgsl', template.replace(/^.*> affine:.*$/m, '').replace(/if \(PROLOGUE\).*$/m, '')),
      2,
      /bare\.wgsl cannot stand in for conv\.forward\.naive:\n {2}binding affine is missing: .*\n.*bare\.wgsl has/,
    ],
    ['an unknown operation', async () => ['conv9x9.forward', 'a.wgsl'], 2, /no operation "conv9x9\.forward"/],
    ['an unknown variant', async () => [OP, '--template', 'quick'], 2, /no variant "quick"/],
    [
      'an unknown one to be like',
      () => file('fine.wgsl', template, '--like', 'quick'),
      2,
      /no variant "quick"/,
    ],
    [
      'a variant for other shapes',
      async () => {
        const { stdout } = await chexgpu(['lab', 'conv7x7.forward', '--template', 'tiled']);
        await writeFile(scratch.path('seven.wgsl'), stdout);
        return ['conv7x7.forward', scratch.path('seven.wgsl')];
      },
      2,
      /No shape of conv7x7\.forward is dispatched like tiled/,
    ],
    ['no operation', async () => [], 2, /No operation is named/],
    ['no file', async () => [OP], 2, /No file is named to try as conv1x1\.forward/],
    ['--json with --watch', () => file('fine.wgsl', template, '--watch', '--json'), 2, /--json.*--watch/],
  ];

  async function file(name: string, text: string | Uint8Array, ...flags: string[]): Promise<string[]> {
    await writeFile(scratch.path(name), text);
    return [OP, scratch.path(name), ...flags];
  }

  it.each(cases)('%s: one message, its code, no stack', async (_, args, code, message) => {
    const ended = await chexgpu(['lab', ...(await args())]);
    expect(ended.stderr).toMatch(message);
    expect(ended.code).toBe(code);
    expect(ended.stderr).not.toMatch(/^\s+at /m);
  });
});

describe('--watch', () => {
  it('survives what does not compile, what is gone and what is wrong, on one device, until Ctrl-C', async () => {
    const path = scratch.path('watched.wgsl');
    await writeFile(path, 'not WGSL');
    const saves = [
      // As editors do it: a new file over the old one.
      async () => {
        await writeFile(`${path}~`, template.replace('] = sum;', WRONG));
        await rename(`${path}~`, path);
      },
      () => rename(path, `${path}.away`),
      () => writeFile(path, template),
    ];
    let seen = '';
    const ended = await chexgpu(
      ['lab', OP, path, '--no-race', '--watch'],
      {},
      {
        onStderr: (text, child) => {
          seen += text;
          for (; seen.includes('Ctrl-C ends.\n'); seen = seen.slice(seen.indexOf('Ctrl-C ends.\n') + 1)) {
            const next = saves.shift();
            if (next) void next();
            else child.kill('SIGINT');
          }
        },
      },
    );
    expect(ended.code).toBe(130);
    expect(ended.stderr).toMatch(/watched\.wgsl does not compile\.\nwatched\.wgsl:1:1: error: /);
    expect(ended.stderr).toMatch(/watched\.wgsl does not exist/);
    expect(ended.stdout).toMatch(/right on 0 of (\d+)[\s\S]*right on \1 of \1/);
    expect(ended.stdout.match(/^Adapter: /gm)).toHaveLength(1);
    expect(await readFile(path, 'utf8')).toBe(template);
  });

  it('a kernel that never ends does not take the process with it: twice Ctrl-C', async () => {
    const path = scratch.path('endless.wgsl');
    // A xorshift generator that starts at an odd number never meets zero.
    const loop = 'var k = id.x | 1u; while (k != 0u) { k ^= k << 13u; k ^= k >> 17u; k ^= k << 5u; }';
    await writeFile(path, template.replace('var sum = 0.0;', `${loop} var sum = f32(k);`));
    // In software, so that no screen hangs on the same GPU.
    const software = { CHEXGPU_ADAPTER: 'swiftshader' };
    const ended = await chexgpu(['lab', OP, path, '--watch'], software, {
      onStderr: (text, child) => {
        if (/still at|Stopping/.test(text)) child.kill('SIGINT');
      },
    });
    expect(ended.stderr).toMatch(/5 s and still at endless\.wgsl on 1x1 odd channels; .*twice Ctrl-C/);
    expect([ended.code, ended.signal]).toEqual([130, null]);
  });
});
