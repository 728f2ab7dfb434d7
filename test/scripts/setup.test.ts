import { type ChildProcess, spawn } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';

const SCRIPTS = fileURLToPath(new URL('../../scripts', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'chexgpu-setup-'));

/**
 * Stands in for `npm ci`, without a network: writes files for NPM_MS milliseconds. Like npm it stumbles over a
 * second one in the same folder, and it does not end of SIGTERM.
 */
const NPM = `
import fs from 'node:fs';
process.on('SIGTERM', () => {});
process.on('SIGINT', () => {});
process.on('SIGHUP', () => {});
const say = (what) => fs.appendFileSync('npm.log', what + ' ' + process.pid + '\\n');
say('begins');
fs.mkdirSync('node_modules/.bin', { recursive: true });
const until = Date.now() + Number(process.env.NPM_MS);
for (let i = 0; Date.now() < until; i++) {
  const isOthers = (name) => name !== '.bin' && !name.startsWith(process.pid + '-');
  const others = fs.readdirSync('node_modules').filter(isOthers);
  if (others.length > 0) {
    say('disturbed');
    console.error('npm error code ENOTEMPTY: ' + others);
    process.exit(190);
  }
  fs.writeFileSync('node_modules/' + process.pid + '-' + i, '');
  await new Promise((next) => setTimeout(next, 20));
}
say('ends');
`;

/** Stands in for the build: what `isBuilt` looks for. */
const BUILD = `
import fs from 'node:fs';
import { sourcesHash } from './buildStamp.mjs';
for (const file of ['index.js', 'node.js', 'decodeWorker.js', 'drawWorker.js', 'cli/main.js', 'browser/chexgpu.js']) {
  fs.mkdirSync('dist/' + file.replace(/[^/]*$/, ''), { recursive: true });
  fs.writeFileSync('dist/' + file, '');
}
fs.mkdirSync('packages/swiftshader/bin', { recursive: true });
fs.writeFileSync('packages/swiftshader/bin/version', '1.0.0');
fs.writeFileSync('dist/.stamp', sourcesHash(process.cwd() + '/'));
`;

let root = '';
let count = 0;
const started: ChildProcess[] = [];
const logLines = () =>
  existsSync(join(root, 'npm.log')) ? readFileSync(join(root, 'npm.log'), 'utf8').trim().split('\n') : [];
const lockFile = () => join(root, '.cache', 'setup.lock');

beforeEach(() => {
  root = join(scratch, `clone-${count++}`);
  mkdirSync(join(root, 'scripts'), { recursive: true });
  cpSync(SCRIPTS, join(root, 'scripts'), { recursive: true, filter: (path) => !path.includes('apiDocs') });
  writeFileSync(join(root, 'scripts', 'build.mjs'), BUILD);
  writeFileSync(join(root, 'npm-cli.js'), NPM);
  writeFileSync(join(root, 'package.json'), '{"type":"module"}');
  mkdirSync(join(root, 'packages', 'swiftshader'), { recursive: true });
  writeFileSync(join(root, 'packages', 'swiftshader', 'package.json'), '{"version":"1.0.0"}');
  writeFileSync(join(root, 'package-lock.json'), '{"packages":{"node_modules/absent":{"version":"1.0.0"}}}');
});
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});
afterAll(() => rmSync(scratch, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }));

interface SetUp {
  child: ChildProcess;
  ended: Promise<{ code: number | null; text: string }>;
}

/** Starts a set-up as the leader of a group, as a shell does. */
function setUp(npmMs: number, env: Record<string, string> = {}): SetUp {
  const child = spawn(process.execPath, ['scripts/setup.mjs'], {
    cwd: root,
    env: { ...process.env, npm_execpath: join(root, 'npm-cli.js'), NPM_MS: String(npmMs), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  started.push(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (piece) => {
      text += piece;
    });
  }
  // Not `close`: what is left running may hold the pipes open.
  const ended = new Promise<{ code: number | null; text: string }>((resolve) =>
    child.on('exit', (code) => setTimeout(() => resolve({ code, text }), 50)),
  );
  return { child, ended };
}

async function until(what: string, holds: () => boolean, patienceMs = 20_000): Promise<void> {
  const end = Date.now() + patienceMs;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`${what}: not within ${patienceMs} ms\n${logLines().join('\n')}`);
    await new Promise((next) => setTimeout(next, 20));
  }
}

const begun = (times: number) => () => logLines().filter((line) => line.startsWith('begins')).length >= times;
const npmPid = () => Number(logLines().at(-1)?.split(' ')[1]);

function lives(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1][0] !== 'Z';
  } catch {
    return false;
  }
}

/** Nothing stumbled, all is there, nothing is left over. */
async function expectRepaired(next: SetUp): Promise<void> {
  const { code, text } = await next.ended;
  expect({ code, text }).toMatchObject({ code: 0 });
  expect(logLines().filter((line) => line.startsWith('disturbed'))).toEqual([]);
  expect(logLines().at(-1)).toMatch(/^ends/);
  expect(existsSync(join(root, 'node_modules', '.chexgpu-stamp'))).toBe(true);
  expect(readdirSync(join(root, '.cache'))).toEqual([]);
  const again = Date.now();
  expect(await setUp(1).ended).toEqual({ code: 0, text: '' });
  expect(Date.now() - again).toBeLessThan(10_000);
}

describe.runIf(process.platform === 'linux')('set-up that was stopped in the middle', () => {
  const ways: [string, (child: ChildProcess) => void][] = [
    ['kill -9', (child) => child.kill('SIGKILL')],
    ['kill -9 of its group', (child) => process.kill(-(child.pid as number), 'SIGKILL')],
    ['SIGTERM', (child) => child.kill('SIGTERM')],
    ['SIGINT', (child) => child.kill('SIGINT')],
    ['SIGHUP, as the terminal closes', (child) => process.kill(-(child.pid as number), 'SIGHUP')],
  ];
  for (const [name, stop] of ways) {
    it(`by ${name} takes npm with it, and the next one starts from nothing`, async () => {
      const first = setUp(60_000);
      await until('npm begins', begun(1));
      const npm = npmPid();
      stop(first.child);
      const next = setUp(300);
      await expectRepaired(next);
      expect(lives(npm)).toBe(false);
      expect((await first.ended).code).not.toBe(0);
    });
  }

  it('whose guard was killed too: the next one ends the npm that runs on', async () => {
    const first = setUp(60_000);
    await until('npm begins', begun(1));
    const npm = npmPid();
    const guard = Number(readFileSync(`/proc/${npm}/stat`, 'utf8').split(') ')[1].split(' ')[1]);
    process.kill(guard, 'SIGSTOP');
    first.child.kill('SIGKILL');
    await first.ended;
    process.kill(guard, 'SIGKILL');
    expect(lives(npm)).toBe(true);
    await expectRepaired(setUp(300));
    expect(lives(npm)).toBe(false);
  });

  it('by a failing install: says why, and the next one succeeds', async () => {
    writeFileSync(join(root, 'npm-cli.js'), `console.error('npm error network'); process.exit(1);`);
    const { code, text } = await setUp(1).ended;
    expect(code).toBe(1);
    expect(text).toMatch(/npm error network[\s\S]*could not be installed; is there a network\?/);
    writeFileSync(join(root, 'npm-cli.js'), NPM);
    await expectRepaired(setUp(100));
  });

  it('starts anew once where somebody else writes into node_modules', async () => {
    const first = setUp(2_000);
    await until('npm begins', begun(1));
    appendFileSync(join(root, 'node_modules', 'of-another'), '');
    const { code } = await first.ended;
    expect(code).toBe(0);
    expect(logLines().filter((line) => line.startsWith('begins'))).toHaveLength(2);
  });
});

describe.runIf(process.platform === 'linux')('one set-up at a time', () => {
  it('asks the process and not the clock: a silent one that lives is waited for', async () => {
    const first = setUp(3_000);
    await until('npm begins', begun(1));
    first.child.kill('SIGSTOP');
    const past = new Date(Date.now() - 3_600_000);
    utimesSync(lockFile(), past, past);
    const second = setUp(100);
    await new Promise((next) => setTimeout(next, 1_500));
    expect(logLines().filter((line) => line.startsWith('begins'))).toHaveLength(1);
    first.child.kill('SIGCONT');
    expect((await first.ended).code).toBe(0);
    await expectRepaired(second);
    expect(logLines().filter((line) => line.startsWith('begins'))).toHaveLength(1);
  });

  it('lets one of many take over from a dead one', async () => {
    const first = setUp(60_000);
    await until('npm begins', begun(1));
    first.child.kill('SIGKILL');
    const next = Array.from({ length: 4 }, () => setUp(400));
    for (const { ended } of next) expect(await ended).toMatchObject({ code: 0 });
    expect(logLines().filter((line) => line.startsWith('disturbed'))).toEqual([]);
    expect(logLines().filter((line) => line.startsWith('begins'))).toHaveLength(2);
    expect(readdirSync(join(root, '.cache'))).toEqual([]);
  });

  it('is not deceived by another process that has got the number, nor by a lock that says nothing', async () => {
    mkdirSync(join(root, '.cache'));
    const stranger = { pid: process.pid, started: '1' };
    const host = JSON.parse(await hostOf()) as string;
    writeFileSync(lockFile(), JSON.stringify({ host, holder: stranger, child: stranger, token: 'x' }));
    await expectRepaired(setUp(100));
    rmSync(join(root, 'node_modules'), { recursive: true });
    writeFileSync(lockFile(), '\0\0\0\0');
    const past = new Date(Date.now() - 3_600_000);
    utimesSync(lockFile(), past, past);
    await expectRepaired(setUp(100));
  });
});

/** As a set-up on this machine names it. */
function hostOf(): Promise<string> {
  const code = `import('./scripts/processIdentity.mjs').then((m) => console.log(JSON.stringify(m.thisHost())))`;
  const child = spawn(process.execPath, ['-e', code], { cwd: root });
  return new Promise((resolve) => child.stdout.on('data', (text) => resolve(String(text))));
}
