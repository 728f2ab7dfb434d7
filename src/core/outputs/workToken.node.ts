/**
 * Who made a work file: a token in its name says host, process and when that process began, so that a later start
 * can tell what a killed process left from what a living one is writing. Process ids are used again, therefore the
 * time; another machine's or another container's processes cannot be asked, so theirs count as living.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

const TOKEN = /^([0-9a-f]{8})-(\d+)-(\d+)-[0-9a-f]{8}$/;

/** Hosts differ by name, containers by their process ids' namespace. */
function hostKey(): string {
  let namespace = '';
  try {
    namespace = readlinkSync('/proc/self/ns/pid');
  } catch {
    // Not Linux: the name has to do.
  }
  return createHash('sha256').update(`${hostname()}\n${namespace}`).digest('hex').slice(0, 8);
}

/** State and start (clock ticks after boot) of a process; null where the system does not say. */
function processFacts(pid: number): { state: string; started: string } | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name, in brackets, may hold anything.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0], started: fields[19] };
  } catch {
    return null;
  }
}

const HOST = hostKey();
const STARTED = processFacts(process.pid)?.started ?? '0';

/** A name part that no other process and no other call gets. */
export function newToken(): string {
  return `${HOST}-${process.pid}-${STARTED}-${randomBytes(4).toString('hex')}`;
}

function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/** Whether this process made the token. */
export function isOwn(token: string): boolean {
  return isToken(token) && token.startsWith(`${HOST}-${process.pid}-${STARTED}-`);
}

/** The process id in a token. */
export function pidOf(token: string): number {
  return Number(TOKEN.exec(token)?.[2]);
}

/** Whether the process that made the token ran on this machine and has ended. False for what is no token. */
export function isGone(token: string): boolean {
  const match = TOKEN.exec(token);
  if (!match || match[1] !== HOST) return false;
  const pid = Number(match[2]);
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
  const facts = processFacts(pid);
  if (!facts) return false;
  // A zombie writes nothing more; another start is another process.
  return facts.state === 'Z' || facts.state === 'X' || (match[3] !== '0' && facts.started !== match[3]);
}
