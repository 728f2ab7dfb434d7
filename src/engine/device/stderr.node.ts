/**
 * Dawn and the Vulkan loader write warnings straight to file descriptor 2, two of them about every
 * adapter ("maxDynamicUniformBuffersPerPipelineLayout artificially reduced"), and offer no switch.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';

const { O_APPEND, O_CREAT, O_EXCL, O_NOCTTY, O_NONBLOCK, O_RDWR, O_WRONLY } = constants;

const again = (fd: number, flags = 0): number =>
  openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_APPEND | O_NOCTTY | flags);

/**
 * Opens the file behind a descriptor anew. A named pipe whose reader has gone would keep us waiting for another one,
 * so that is asked first, without waiting.
 * @param free a descriptor to close just before, so that the new one gets its number
 * @throws Error when there is no reader or the terminal was closed; `free` is closed then too
 */
function reopen(fd: number, free?: number): number {
  let asked = -1;
  try {
    asked = again(fd, O_NONBLOCK);
  } finally {
    if (free !== undefined) closeSync(free);
  }
  try {
    return again(fd);
  } finally {
    closeSync(asked);
  }
}

/**
 * Runs `work` while native code's stderr goes to a temporary file, and returns what was written.
 * For a program's start only: nothing else may open or close files meanwhile, as the descriptor
 * is closed and taken again. Where stderr is a file or a socket, or cannot be reopened, `work` just runs.
 */
export async function captureStderr<T>(work: () => Promise<T>): Promise<{ result: T; text: string }> {
  const path = join(tmpdir(), `chexgpu-stderr-${process.pid}-${Date.now()}`);
  let original = -1;
  let sink = -1;
  try {
    if (process.platform !== 'linux') throw new Error('needs /proc');
    // Other threads go on and open files.
    if (!isMainThread) throw new Error('not in a worker thread');
    // With 0, 1 and 2 open, the lowest free descriptor after closing 2 is 2 again.
    for (const fd of [0, 1, 2]) fstatSync(fd);
    // A file opened anew has its own position: whoever shares the old one (stdout in `> log 2>&1`, the
    // shell's next command) would write over us.
    if (fstatSync(2).isFile()) throw new Error('a file cannot be shared');
    original = reopen(2);
    sink = openSync(path, O_RDWR | O_CREAT | O_EXCL, 0o600);
    unlinkSync(path);
  } catch {
    for (const fd of [original, sink]) if (fd >= 0) closeSync(fd);
    return { result: await work(), text: '' };
  }
  closeSync(2);
  openSync(`/proc/self/fd/${sink}`, O_WRONLY | O_APPEND);
  try {
    const result = await work();
    return { result, text: readFileSync(`/proc/self/fd/${sink}`, 'utf8') };
  } finally {
    try {
      reopen(original, 2);
    } catch {
      // The reader has gone meanwhile. The descriptor must not stay free: the next file opened would get our words.
      openSync('/dev/null', O_WRONLY);
    }
    closeSync(original);
    closeSync(sink);
  }
}
