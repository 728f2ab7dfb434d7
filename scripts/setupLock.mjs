/** One set-up of a clone at a time. Plain JavaScript without dependencies, as set-up runs before there are any. */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { endGroup, identify, isAlive, thisHost } from './processIdentity.mjs';

/**
 * A holder touches its lock every BEAT_MS; those on another host, who cannot ask for the process, take it for dead
 * after DEAD_MS without a touch.
 */
const BEAT_MS = 2000;
const DEAD_MS = 60000;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Ends the set-up with a message instead of a stack trace. */
export class SetupError extends Error {}

/** Who holds the lock; null where that cannot be read (this very moment, or after the power failed). */
function readHolder(file) {
  try {
    const { host, holder, child, token } = JSON.parse(fs.readFileSync(file, 'utf8'));
    return holder && token ? { host, holder, child, token } : null;
  } catch {
    return null;
  }
}

function ageMs(file) {
  try {
    return Date.now() - fs.statSync(file).mtimeMs;
  } catch {
    return 0;
  }
}

/** On this host the process itself is asked, however long it has been silent; only others go by the clock. */
function isAbandoned(file) {
  const found = readHolder(file);
  if (found?.host === thisHost()) return !isAlive(found.holder);
  return ageMs(file) > DEAD_MS;
}

export class SetupLock {
  #file;
  #folder;
  #token = randomBytes(8).toString('hex');
  #beat;

  /** @param folder the clone, in which the programs that a holder starts work */
  constructor(folder) {
    this.#folder = fs.realpathSync(folder);
    this.#file = path.join(folder, '.cache', 'setup.lock');
  }

  #content(child) {
    const holder = identify(process.pid);
    return JSON.stringify({ host: thisHost(), holder, child, token: this.#token });
  }

  /** Waits until nobody else holds it. @param onWait called once, before the first waiting */
  async take(onWait) {
    fs.mkdirSync(path.dirname(this.#file), { recursive: true });
    for (let waits = 0; !this.#tryToTake(); ) {
      if (isAbandoned(this.#file)) {
        await this.#clear();
        continue;
      }
      if (waits++ === 0) onWait();
      await pause(300);
    }
    this.#sweep();
    this.#beat = setInterval(() => {
      const now = new Date();
      fs.utimes(this.#file, now, now, () => {});
    }, BEAT_MS);
    this.#beat.unref();
  }

  #tryToTake() {
    try {
      fs.writeFileSync(this.#file, this.#content(), { flag: 'wx' });
      return true;
    } catch (error) {
      // An older version of this program made a folder of it.
      if (error.code === 'EEXIST' || error.code === 'EISDIR') return false;
      throw error;
    }
  }

  /** Ends the program that a dead holder left running, then takes its lock away. */
  async #clear() {
    const { host, child } = readHolder(this.#file) ?? {};
    if (host === thisHost() && child && !(await endGroup(child, this.#folder))) {
      throw new SetupError(
        `A program of a set-up that was stopped (process ${child.pid}) does not end; end it.`,
      );
    }
    const mine = `${this.#file}.${this.#token}`;
    try {
      fs.renameSync(this.#file, mine);
    } catch {
      // Somebody else was faster.
      return;
    }
    // Between our look and our grasp another set-up may have cleared the old one and taken it for itself.
    if (isAbandoned(mine)) fs.rmSync(mine, { recursive: true, force: true });
    else fs.renameSync(mine, this.#file);
  }

  /** Removes what set-ups that were killed while they handled the lock have left. */
  #sweep() {
    const folder = path.dirname(this.#file);
    for (const name of fs.readdirSync(folder)) {
      const file = path.join(folder, name);
      const ours = name.startsWith(`${path.basename(this.#file)}.`);
      if (ours && ageMs(file) > DEAD_MS) fs.rmSync(file, { recursive: true, force: true });
    }
  }

  /** Notes the program that runs under this lock, so that it is found should we be killed. */
  noteChild(pid) {
    const fresh = `${this.#file}.${this.#token}`;
    fs.writeFileSync(fresh, this.#content(identify(pid)));
    fs.renameSync(fresh, this.#file);
  }

  /** Gives it back. Safe to call twice, and by one who does not hold it. */
  release() {
    clearInterval(this.#beat);
    if (readHolder(this.#file)?.token === this.#token) fs.rmSync(this.#file, { force: true });
  }
}
