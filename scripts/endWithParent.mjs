/**
 * Runs a program that must not outlive the process that asked for it: when that one ends, however it does, the
 * program and all that it started are killed. The asking process holds the other end of our stdin and never writes.
 *
 *   node scripts/endWithParent.mjs PROGRAM [ARGUMENT ...]
 */
import { spawn } from 'node:child_process';
import os from 'node:os';

const [program, ...args] = process.argv.slice(2);
const onWindows = process.platform === 'win32';
const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'], shell: onWindows });

child.on('error', (error) => {
  console.error(`${program} does not start: ${error.message}`);
  process.exit(127);
});
child.on('exit', (code, signal) => process.exit(code ?? 128 + os.constants.signals[signal]));

process.stdin.on('close', () => {
  // We were started as the leader of a group of our own, and go with it.
  if (!onWindows) process.kill(-process.pid, 'SIGKILL');
  child.kill();
  process.exit(1);
});
process.stdin.resume();
