import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureBuilt, scratchFolder } from '../../support/programs/cli.js';
import { type NodeProgram, nodeProgram } from '../../support/programs/nodeProgram.js';

const MAIN = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));
/** Runs a program in a terminal of its own, which goes when it goes. */
const SCRIPT = '/usr/bin/script';
const scratch = scratchFolder();

/** Ends as the argument says while a promise is pending, as a command with such a fault would. */
const PROGRAM = `
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { watchTheEnd } from './src/cli/terminal/processEnd.ts';

const done = watchTheEnd((why) => {
  console.error('ended: ' + why);
  return 1;
});
const ways = {
  lost: () => new Promise(() => {}),
  exit: () => process.exit(0),
  exit3: () => process.exit(3),
  // Nothing holds the loop while these are awaited, yet they come.
  unheld: async () => {
    for (let i = 0; i < 3; i++) {
      const worker = new Worker('setInterval(() => {}, 1000)', { eval: true });
      worker.unref();
      await worker.terminate();
      await pause(300, undefined, { ref: false });
    }
    return 0;
  },
  late: () => pause(2000, 0, { ref: false }),
};
process.exitCode = await ways[process.argv[2]]();
done();
`;

/** A step that does not end, and one who asks twice. */
const IMPATIENT = `
import { Interrupts } from './src/cli/terminal/interrupts.ts';

const interrupts = new Interrupts(() => console.log('interrupted'));
interrupts.signal.addEventListener('abort', () => process.kill(process.pid, 'SIGTERM'));
setInterval(() => {}, 1000);
process.kill(process.pid, 'SIGTERM');
`;

let program: NodeProgram;
let impatient: NodeProgram;
beforeAll(async () => {
  await ensureBuilt();
  impatient = await nodeProgram('impatient', IMPATIENT);
  program = await nodeProgram('endings', PROGRAM);
});
afterAll(() => {
  program.remove();
  impatient.remove();
  scratch.remove();
});

describe('an end that the command did not choose', () => {
  for (const [way, code, line] of [
    ['lost', 1, /^ended: nothing was left to wait for$/],
    ['exit', 1, /^ended: nothing was left to wait for$/],
    ['exit3', 1, /^ended: exit code 3$/],
    ['unheld', 0, /^$/],
    ['late', 0, /^$/],
  ] as const) {
    it(`${way}: ends with ${code} and says ${line.source}`, async () => {
      const ended = await program.run({}, [way]);
      // Node may add that a top-level await was not settled.
      expect(ended.stderr.split('\n')[0]).toMatch(line);
      expect(ended.code).toBe(code);
      expect(ended.milliseconds).toBeLessThan(30_000);
    });
  }
});

interface Ended {
  code: number | null;
  signal: string | null;
}

/** Draws phantoms for a long time into a folder of `name`; `meanwhile` gets the process when it has begun to. */
async function whileDrawing(
  name: string,
  meanwhile: (child: ChildProcess) => void,
  images = 2000,
): Promise<Ended> {
  const parent = scratch.path(name);
  mkdirSync(parent);
  const args = [
    'phantoms',
    '--images',
    String(images),
    '--size',
    '64',
    '--json',
    '--out',
    join(parent, 'out'),
  ];
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<Ended>((resolve) => {
    child.on('exit', (code, signal) => resolve({ code, signal }));
  });
  while (readdirSync(parent).length === 0 && child.exitCode === null) {
    await new Promise((next) => setTimeout(next, 20));
  }
  meanwhile(child);
  return ended;
}

const left = (name: string) => readdirSync(scratch.path(name));

describe.runIf(process.platform !== 'win32')('signals and readers that go away', () => {
  for (const [signal, code] of [
    ['SIGHUP', 129],
    ['SIGTERM', 143],
  ] as const) {
    it(`${signal} ends with ${code} and leaves nothing, also when nobody reads any more`, async () => {
      for (const alone of [false, true]) {
        const name = `${signal}-${alone}`;
        const ended = await whileDrawing(name, (child) => {
          if (alone) {
            child.stdout?.destroy();
            child.stderr?.destroy();
          }
          child.kill(signal);
        });
        expect({ ...ended, left: left(name) }).toEqual({ code, signal: null, left: [] });
      }
    });
  }

  it('says that it is interrupted also where a second signal ends it in the middle of a step', async () => {
    const { code, stdout, stderr } = await impatient.run();
    expect({ code, stdout }).toEqual({ code: 143, stdout: 'interrupted\n' });
    expect(stderr).toMatch(/^\nStopping after this step/);
  });

  it.runIf(existsSync(SCRIPT))('leaves nothing when its terminal closes', async () => {
    const parent = scratch.path('terminal');
    mkdirSync(parent);
    const command = `'${process.execPath}' '${MAIN}' phantoms --images 2000 --size 64 --out '${parent}/out'`;
    const terminal = spawn(SCRIPT, ['-qec', command, '/dev/null'], { stdio: ['ignore', 'ignore', 'ignore'] });
    const until = async (what: string, holds: () => boolean) => {
      const end = Date.now() + 60_000;
      while (!holds()) {
        if (Date.now() > end) throw new Error(`${what}: not within a minute`);
        await new Promise((next) => setTimeout(next, 20));
      }
    };
    await until('drawing', () => readdirSync(parent).length > 0);
    terminal.kill('SIGKILL');
    await until('cleaned up', () => readdirSync(parent).length === 0);
  });

  it('goes on when only the reader of stderr goes away, and its work is whole', async () => {
    const ended = await whileDrawing('stderr', (child) => child.stderr?.destroy(), 30);
    expect(ended).toEqual({ code: 0, signal: null });
    expect(left('stderr')).toEqual(['out']);
    expect(readdirSync(scratch.path('stderr', 'out', 'images'))).toHaveLength(30);
  });

  it('gives an error its exit code without a reader of stderr', async () => {
    const child = spawn(process.execPath, [MAIN, 'check', '--data', scratch.path('nowhere')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr?.destroy();
    expect(await new Promise((resolve) => child.on('exit', resolve))).toBe(3);
  });

  it.runIf(process.platform === 'linux')('says that stdout is full', async () => {
    const child = spawn(process.execPath, [MAIN, '--help'], {
      stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'],
    });
    let text = '';
    child.stderr?.on('data', (piece) => {
      text += piece;
    });
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(3);
    expect(text).toMatch(/^chexgpu: stdout cannot be written: ENOSPC/);
    expect(text).not.toMatch(/^\s+at /m);
  });
});
