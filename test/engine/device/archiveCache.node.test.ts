import {
  chmodSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { cachedFolder, changingFolder } from '../../../src/engine/device/archiveCache.node.js';
import { type NodeProgram, nodeProgram } from '../../support/programs/nodeProgram.js';

/** Fills a folder, says where it is, lets the caller's argument be done to the world, and reads it again. */
const PROGRAM = `
import { execSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cachedFolder } from './src/engine/device/archiveCache.node.ts';

const [meanwhile, end] = process.argv.slice(2);
try {
  const folder = await cachedFolder('thing', (target) => {
    if (end === 'killed inside') process.kill(process.pid, 'SIGKILL');
    if (end === 'ended inside') process.exit(0);
    return writeFile(join(target, 'code'), 'ours');
  });
  if (meanwhile) execSync(meanwhile);
  console.log(JSON.stringify({ folder, code: readFileSync(join(folder, 'code'), 'utf8') }));
} catch (error) {
  console.log(JSON.stringify({ error: error.name, message: error.message }));
}
if (end === 'killed') process.kill(process.pid, 'SIGKILL');
`;

const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'chexgpu-cache-')));
const HOMES = ['CHEXGPU_CACHE', 'XDG_CACHE_HOME', 'HOME', 'TMPDIR'] as const;
const before = Object.fromEntries(HOMES.map((name) => [name, process.env[name]]));
const hasUsers = process.getuid !== undefined;
const isRoot = process.getuid?.() === 0;
const STRANGER = 54321;

let program: NodeProgram;
let top = '';
let count = 0;
let filled = 0;

/** Four places in the order in which they are tried; only `CHEXGPU_CACHE` is there. */
function homes(): Record<(typeof HOMES)[number], string> {
  return {
    CHEXGPU_CACHE: join(top, 'named'),
    XDG_CACHE_HOME: join(top, 'xdg'),
    HOME: join(top, 'home'),
    TMPDIR: join(top, 'tmp'),
  };
}

function setHomes(values: Record<string, string | undefined>): void {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
}

const fill = async (folder: string) => {
  filled++;
  mkdirSync(join(folder, 'sub'));
  await writeFile(join(folder, 'driver'), Buffer.alloc(3_000_000, 7));
  await writeFile(join(folder, 'sub', 'marker.json'), '[]');
};
const thing = () => cachedFolder('thing', fill);

/** As somebody else would leave a file: `run` is what is done to it. */
function damaged(file: string, change: (bytes: Buffer) => Buffer): void {
  writeFileSync(file, change(readFileSync(file)));
}

beforeAll(async () => {
  program = await nodeProgram('cache', PROGRAM);
});
beforeEach(() => {
  top = join(scratch, `case-${count++}`);
  filled = 0;
  for (const folder of [top, join(top, 'named'), join(top, 'tmp')]) mkdirSync(folder, { mode: 0o700 });
  setHomes(homes());
});
afterAll(() => {
  setHomes(before);
  program.remove();
  rmSync(scratch, { recursive: true, force: true });
});

describe('what is damaged in the cache', () => {
  const zeroed = (bytes: Buffer) => Buffer.alloc(bytes.length);
  const cases: [string, string, (bytes: Buffer) => Buffer][] = [
    ['zeroed pages', 'driver', (bytes) => Buffer.from(bytes).fill(0, 4096, 8192)],
    ['one bit', 'driver', (bytes) => Buffer.from(bytes).fill(bytes[2_999_999] ^ 1, 2_999_999)],
    ['a file cut short', 'driver', (bytes) => bytes.subarray(0, 100)],
    ['a zeroed marker', 'sub/marker.json', zeroed],
    ['a zeroed list of files', '.complete.json', zeroed],
    ['half a list of files', '.complete.json', (bytes) => bytes.subarray(0, bytes.length / 2)],
    ['an empty list of files', '.complete.json', () => Buffer.from('{}')],
    ['a list that is none', '.complete.json', () => Buffer.from('null')],
  ];
  for (const [name, file, change] of cases) {
    it(`${name}: is made anew, once`, async () => {
      const folder = await thing();
      const good = readFileSync(join(folder, file));
      await thing();
      expect(filled).toBe(1);
      damaged(join(folder, file), change);
      expect(await thing()).toBe(folder);
      await thing();
      expect(filled).toBe(2);
      expect(readFileSync(join(folder, file)).equals(good)).toBe(true);
      expect(readdirSync(join(top, 'named'))).toEqual(['thing']);
    });
  }

  it('a missing file: is made anew', async () => {
    const folder = await thing();
    rmSync(join(folder, 'driver'));
    await thing();
    expect(existsSync(join(folder, 'driver'))).toBe(true);
  });

  it('what killed processes left is removed by the next that writes, by the process itself when it can', async () => {
    const named = join(top, 'named');
    expect((await program.run(homes(), ['', 'killed inside'])).signal).toBe('SIGKILL');
    expect(readdirSync(named)).toHaveLength(1);
    await thing();
    expect(readdirSync(named)).toEqual(['thing']);
    rmSync(join(named, 'thing'), { recursive: true });
    expect((await program.run(homes(), ['', 'ended inside'])).code).toBe(0);
    expect(readdirSync(named)).toEqual([]);
  });
});

describe.runIf(hasUsers)('a cache that others can change', () => {
  const open = (path: string, mode: number) => {
    mkdirSync(path, { recursive: true });
    chmodSync(path, mode);
  };
  const cases: [string, () => void][] = [
    ['open to all', () => open(join(top, 'named'), 0o777)],
    ['below a folder that is', () => open(join(top, 'shared'), 0o777)],
    ['that is a link into such a one', () => open(join(top, 'shared'), 0o777)],
    ['with an entry open to all', () => open(join(top, 'named', 'thing'), 0o777)],
    ['open to all, though sticky, with such an entry', () => open(join(top, 'named', 'thing'), 0o1777)],
  ];
  for (const [name, prepare] of cases) {
    it(`${name} is not used, and nothing in it`, async () => {
      prepare();
      const shared = existsSync(join(top, 'shared'));
      let named = join(top, shared ? 'shared/mine' : 'named');
      mkdirSync(named, { recursive: true, mode: 0o700 });
      if (name.includes('link')) {
        symlinkSync(named, join(top, 'link'));
        named = join(top, 'link');
      }
      setHomes({ CHEXGPU_CACHE: named });
      if (!name.includes('entry')) {
        expect(await thing()).toBe(join(top, 'xdg', 'chexgpu', 'thing'));
        expect(readdirSync(named)).toEqual([]);
        expect(await changingFolder('tunings')).toBe(join(top, 'xdg', 'chexgpu', 'tunings'));
      } else {
        // Ours to replace.
        writeFileSync(join(named, 'thing', 'driver'), 'theirs');
        expect(readFileSync(join(await thing(), 'driver'))[0]).toBe(7);
        expect(statSync(join(named, 'thing')).mode & 0o777).toBe(0o700);
      }
    });
  }

  it('is used where it lies below a sticky folder, as in /tmp, or behind a link of ours', async () => {
    open(join(top, 'sticky'), 0o1777);
    symlinkSync(join(top, 'sticky', 'mine'), join(top, 'link'));
    setHomes({ CHEXGPU_CACHE: join(top, 'sticky', 'mine') });
    expect(await thing()).toBe(join(top, 'sticky', 'mine', 'thing'));
    setHomes({ CHEXGPU_CACHE: join(top, 'link') });
    expect(await thing()).toBe(join(top, 'sticky', 'mine', 'thing'));
    expect(filled).toBe(1);
    expect(statSync(join(top, 'sticky', 'mine')).mode & 0o777).toBe(0o700);
  });

  it('of a link that leads back to itself is passed over', async () => {
    symlinkSync(join(top, 'a'), join(top, 'b'));
    symlinkSync(join(top, 'b'), join(top, 'a'));
    setHomes({ CHEXGPU_CACHE: join(top, 'a') });
    expect(await thing()).toBe(join(top, 'xdg', 'chexgpu', 'thing'));
  });

  it.runIf(isRoot)('belongs to another user, or is reached by a link of his: is not used', async () => {
    const theirs = join(top, 'theirs');
    mkdirSync(join(theirs, 'mine'), { recursive: true });
    symlinkSync(join(top, 'named'), join(top, 'link'));
    lchownSync(join(top, 'link'), STRANGER, STRANGER);
    lchownSync(theirs, STRANGER, STRANGER);
    for (const path of ['theirs', 'theirs/mine', 'link']) {
      setHomes({ CHEXGPU_CACHE: join(top, path) });
      expect(await thing()).toBe(join(top, 'xdg', 'chexgpu', 'thing'));
    }
    expect([readdirSync(theirs), readdirSync(join(theirs, 'mine'))]).toEqual([['mine'], []]);
    expect(readdirSync(join(top, 'named'))).toEqual([]);
  });
});

describe.runIf(process.platform === 'linux')('without a home', () => {
  /** Only the temporary folder can be written. */
  const homeless = () => {
    writeFileSync(join(top, 'file'), '');
    const file = join(top, 'file');
    return { CHEXGPU_CACHE: file, XDG_CACHE_HOME: file, HOME: file, TMPDIR: join(top, 'tmp') };
  };
  const own = `chexgpu-${process.getuid?.()}`;
  const said = async (env: Record<string, string>, ...args: string[]) =>
    JSON.parse((await program.run(env, args)).stdout || '{}') as Record<string, string>;

  it('keeps a folder of this user in the temporary one', async () => {
    chmodSync(join(top, 'tmp'), 0o1777);
    expect((await said(homeless())).folder).toBe(join(top, 'tmp', own, 'thing'));
    expect(statSync(join(top, 'tmp', own)).mode & 0o777).toBe(0o700);
  });

  for (const [name, mode] of [
    ['that somebody else has made before', 0o1777],
    ['in which all can rename', 0o777],
  ] as const) {
    it(`in a temporary folder ${name} has one for the process, safe from others, that goes with it`, async () => {
      const tmp = join(top, 'tmp');
      chmodSync(tmp, mode);
      if (mode === 0o1777) {
        mkdirSync(join(tmp, own));
        chmodSync(join(tmp, own), 0o777);
        mkdirSync(join(tmp, own, 'thing'), { mode: 0o700 });
      }
      const exchange =
        `cd ${tmp} && for d in ${own}-*; do ` +
        'mv $d away && mkdir -p $d/thing && echo -n theirs > $d/thing/code; done';
      expect(await said(homeless(), exchange)).toMatchObject({ code: 'ours' });
      rmSync(tmp, { recursive: true });
      mkdirSync(tmp);
      chmodSync(tmp, mode);
      expect(await said(homeless())).toMatchObject({ code: 'ours' });
      expect(readdirSync(tmp).filter((entry) => entry !== own)).toEqual([]);
    });
  }

  it('removes such folders of processes that were killed', async () => {
    const tmp = join(top, 'tmp');
    writeFileSync(join(tmp, own), 'in the way');
    await program.run(homeless(), ['', 'killed']);
    expect(readdirSync(tmp)).toHaveLength(2);
    await program.run(homeless());
    expect(readdirSync(tmp)).toEqual([own]);
  });

  it('says what to do where no folder serves', async () => {
    const env = { ...homeless(), TMPDIR: join(top, 'file') };
    const { error, message } = await said(env);
    expect(error).toBe('AdapterError');
    expect(message).toMatch(
      /^Cannot unpack thing in any cache folder .*Set CHEXGPU_CACHE to a folder that only you/,
    );
  });
});
