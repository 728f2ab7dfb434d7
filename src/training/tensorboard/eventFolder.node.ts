/** A folder of event files in Node, of whole records only: who reads along, or after a kill, finds no half one. */
import { constants } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { requirePath } from '../../core/arguments.js';
import { UsageError } from '../../core/errors.js';
import { finalPlace, makeFolder } from '../../core/outputs/realPaths.node.js';
import { writeError } from '../../core/writeFile.node.js';
import type { EventRun, EventSink } from '../callbacks/tensorBoard.js';

const RUNS: readonly EventRun[] = ['', 'train', 'validation'];

/** By what TensorBoard knows event files. */
const MARK = 'tfevents';

export interface EventFolderOptions {
  /**
   * There may be event files of the same training, or of one that this replaces: its files go beside them, and where
   * its steps come again TensorBoard shows its own. Default: false.
   */
  beside?: boolean;
  /** Told of every file that is made, by its path below the folder, once its first records are in it. */
  onFile?: (path: string) => Promise<void>;
}

interface OpenFile {
  readonly path: string;
  readonly handle: FileHandle;
  /** Bytes of whole records. */
  length: number;
}

/** `train` and `validation` lie in folders of these names below the one given, as Keras lays them out. */
export class EventFolder implements EventSink {
  private readonly files = new Map<EventRun, OpenFile>();

  private constructor(
    /** As the user knows it. */
    readonly target: string,
    /** Without links. */
    private readonly path: string,
    /** Since 1970; in the names of the files, which TensorBoard reads in their order. */
    private readonly seconds: number,
    private readonly onFile: (path: string) => Promise<void>,
  ) {}

  /**
   * Looks at the folder; nothing is made before there is something to write.
   * @throws UsageError where it is a file, or holds event files and not `beside`
   */
  static async open(
    target: string,
    { beside = false, onFile }: EventFolderOptions = {},
  ): Promise<EventFolder> {
    if (target === '') throw new UsageError('The folder for TensorBoard has no name.', 'Give its path.');
    requirePath('The folder for TensorBoard', target);
    const path = await finalPlace(target);
    let seconds = Math.floor(Date.now() / 1000);
    for (const run of RUNS) {
      for (const name of await eventFiles(target, join(path, run))) {
        if (!beside) {
          throw new UsageError(
            `${target} holds event files of another training (${join(run, name)}).`,
            'TensorBoard would show the two as one: give another folder.',
          );
        }
        // Behind all that is there, even where the clock went back.
        const [, started] = /tfevents\.(\d{10})\./.exec(name) ?? [];
        if (started && Number(started) >= seconds) seconds = Number(started) + 1;
      }
    }
    return new EventFolder(target, path, seconds, onFile ?? (async () => {}));
  }

  /** @throws DataError where the disk refuses; what was written before is then still whole */
  async write(run: EventRun, records: Uint8Array): Promise<void> {
    try {
      const file = this.files.get(run);
      if (file) return await append(file, records);
      const made = await this.make(run);
      this.files.set(run, made);
      await append(made, records);
      await made.handle.sync();
      await this.onFile(made.path);
    } catch (cause) {
      throw writeError(join(this.target, run), cause);
    }
  }

  async flush(): Promise<void> {
    try {
      for (const { handle } of this.files.values()) await handle.datasync();
    } catch (cause) {
      throw writeError(this.target, cause);
    }
  }

  async close(): Promise<void> {
    const files = [...this.files.values()];
    this.files.clear();
    for (const { handle } of files) await handle.close();
  }

  private async make(run: EventRun): Promise<OpenFile> {
    await makeFolder(join(this.path, run));
    const name = `events.out.${MARK}.${String(this.seconds).padStart(10, '0')}.chexgpu.${process.pid}`;
    const { O_WRONLY, O_APPEND, O_CREAT, O_EXCL } = constants;
    for (let n = 0; ; n++) {
      const path = join(run, `${name}.${n}.v2`);
      try {
        const handle = await open(join(this.path, path), O_WRONLY | O_APPEND | O_CREAT | O_EXCL);
        return { path: path.replaceAll('\\', '/'), handle, length: 0 };
      } catch (cause) {
        // Two trainings of one process within a second.
        if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
      }
    }
  }
}

/** All of the bytes, or none. */
async function append(file: OpenFile, records: Uint8Array): Promise<void> {
  const { handle } = file;
  try {
    await handle.writeFile(records);
    file.length += records.length;
  } catch (cause) {
    await handle.truncate(file.length).catch(() => undefined);
    throw cause;
  }
}

async function eventFiles(target: string, folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => name.includes(MARK));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    if (code === 'ENOTDIR') throw new UsageError(`${target} is a file.`, 'Give another folder.');
    throw writeError(target, cause);
  }
}
