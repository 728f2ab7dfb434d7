/** Waits for a file to be saved, also by editors that write a new file and rename it over the old one. */
import { type FSWatcher, statSync, watch } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { UsageError } from '../../core/errors.js';

/** One save makes several events; this long after the last one the file is read. */
const DEBOUNCE_MS = 100;

export class FileWatch {
  private readonly watcher: FSWatcher;
  private readonly path: string;
  private seen: string;
  private timer: NodeJS.Timeout | undefined;
  private listener = (): void => {};

  /** @throws UsageError when the system cannot watch its folder */
  constructor(path: string) {
    this.path = resolve(path);
    this.seen = this.stamp();
    try {
      // The folder, as the file itself may be another one after every save.
      this.watcher = watch(dirname(this.path));
    } catch (cause) {
      throw new UsageError(`${dirname(path)} cannot be watched: ${(cause as Error).message}.`);
    }
    this.watcher.on('error', () => {});
    this.watcher.on('change', (_, file) => {
      if (file !== null && String(file) !== basename(this.path)) return;
      clearTimeout(this.timer);
      this.timer = setTimeout(() => {
        if (this.stamp() !== this.seen) this.listener();
      }, DEBOUNCE_MS);
    });
  }

  /** Aborted at the next save from now on; call it before reading the file. */
  nextSave(): AbortSignal {
    const saved = new AbortController();
    this.seen = this.stamp();
    this.listener = () => saved.abort();
    return saved.signal;
  }

  close(): void {
    clearTimeout(this.timer);
    this.listener = () => {};
    this.watcher.close();
  }

  private stamp(): string {
    const now = statSync(this.path, { throwIfNoEntry: false });
    return now ? `${now.mtimeMs} ${now.size} ${now.ino}` : 'gone';
  }
}
