import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type NodeProgram, nodeProgram } from '../../support/programs/nodeProgram.js';

/** Captures what is written to descriptor 2; its reader goes away before, meanwhile or not at all. */
const PROGRAM = `
import { writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { captureStderr } from './src/engine/device/stderr.node.ts';

process.stderr.on('error', () => {});
const gone = () => new Promise((resolve) => {
  const again = () => {
    try {
      writeSync(2, '.');
      setTimeout(again, 20);
    } catch {
      resolve();
    }
  };
  again();
});
const when = process.argv[2];
if (when === 'before') await gone();
else console.log('ready');
const { result, text } = await captureStderr(async () => {
  if (when === 'meanwhile') await pause(2500);
  try {
    writeSync(2, 'native words');
  } catch {}
  return 5;
});
try {
  writeSync(2, 'later words');
} catch {}
console.log(JSON.stringify({ result, text }));
`;

const folder = mkdtempSync(join(tmpdir(), 'chexgpu-stderr-'));
let program: NodeProgram;
beforeAll(async () => {
  program = await nodeProgram('stderr', PROGRAM);
});
afterAll(() => {
  program.remove();
  rmSync(folder, { recursive: true });
});

/**
 * Runs it with a named pipe for stderr: one that is opened anew without a reader waits for the next.
 * @param reader of stderr
 * @returns what it said on stdout, and its reader
 */
async function piped(
  when: string,
  reader: string,
): Promise<{ said: string; read: string; code: number | null }> {
  const pipe = join(folder, when);
  const script = 'mkfifo "$4"; eval "$3" < "$4" | sed "s/^/read: /" & exec timeout 15 "$0" "$1" "$2" 2> "$4"';
  const child = spawn('sh', ['-c', script, process.execPath, program.file, when, reader, pipe], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let text = '';
  child.stdout.on('data', (piece) => {
    text += piece;
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  const lines = text.split('\n');
  const read = lines.filter((line) => line.startsWith('read: '));
  return { said: lines.filter((line) => !read.includes(line)).join('\n'), read: read.join('\n'), code };
}

describe.runIf(process.platform === 'linux')('captureStderr', () => {
  it('keeps what is written meanwhile, and puts the descriptor back', async () => {
    const { said, read } = await piped('never', 'cat');
    expect(said).toContain('{"result":5,"text":"native words"}');
    expect(read).toBe('read: later words');
  });

  for (const [when, reader] of [
    ['before', 'true'],
    ['meanwhile', 'sleep 0.6'],
  ]) {
    it(`does not wait for another reader where the one of stderr has gone ${when}`, async () => {
      const { said, code } = await piped(when, reader);
      expect(said).toContain('"result":5');
      expect(code).toBe(0);
    });
  }
});
