/**
 * Which processes still live, told apart from others that have got the same number since. Plain JavaScript
 * without dependencies: set-up needs it before there are any.
 */
import fs from 'node:fs';
import os from 'node:os';

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A word of the system's, '' where it has none. */
function systemWord(read) {
  try {
    return read().trim();
  } catch {
    return '';
  }
}

/**
 * Where process numbers of ours mean something: this host, since it was started, and on Linux this process
 * namespace, as containers may share a name and a folder but not their processes.
 */
export function thisHost() {
  const boot = systemWord(() => fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'));
  const space = systemWord(() => fs.readlinkSync('/proc/self/ns/pid'));
  return [os.hostname(), boot, space].filter(Boolean).join(' ');
}

/** State, group and start time of a process; null where there is no such process or no /proc to ask. */
function processFacts(pid) {
  const line = systemWord(() => fs.readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // The name stands in brackets and may itself hold brackets and blanks.
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  return line ? { state: fields[0], group: Number(fields[2]), started: fields[19] } : null;
}

/** A process as it can be found again later: its number, and when it was started where the system tells. */
export function identify(pid) {
  return { pid, started: processFacts(pid)?.started ?? '' };
}

function exists(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code !== 'ESRCH';
  }
}

/** True while the process that `identify` saw is at work. One that has ended but was not yet waited for is not. */
export function isAlive({ pid, started }) {
  if (!Number.isInteger(pid) || pid <= 0 || !exists(pid)) return false;
  const facts = processFacts(pid);
  if (!facts) return true;
  return !['Z', 'X'].includes(facts.state) && (started === '' || facts.started === started);
}

/** The living members of the process group that `leader` started, itself included, whose folder is `folder`. */
function membersOf(leader, folder) {
  if (process.platform !== 'linux') return isAlive(leader) ? [leader.pid] : [];
  const members = [];
  for (const name of fs.readdirSync('/proc')) {
    const pid = Number(name);
    const facts = Number.isInteger(pid) ? processFacts(pid) : null;
    if (!facts || facts.group !== leader.pid || ['Z', 'X'].includes(facts.state)) continue;
    // The number may belong to somebody else by now.
    const itself = pid === leader.pid ? facts.started === leader.started : true;
    if (itself && systemWord(() => fs.readlinkSync(`/proc/${pid}/cwd`)) === folder) members.push(pid);
  }
  return members;
}

/**
 * Kills the process group of `leader` (as `identify` saw it) whose members work in `folder`, and waits for the end
 * of all.
 * @returns false when some are still there after `patienceMs`
 */
export async function endGroup(leader, folder, patienceMs = 30_000) {
  const until = Date.now() + patienceMs;
  for (;;) {
    const members = membersOf(leader, folder);
    if (members.length === 0) return true;
    if (Date.now() > until) return false;
    for (const pid of members) killQuietly(pid);
    await pause(50);
  }
}

function killQuietly(pid) {
  try {
    // Without /proc only the leader of the group is known.
    process.kill(['linux', 'win32'].includes(process.platform) ? pid : -pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}
