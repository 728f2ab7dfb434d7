/** Child processes with one engine each, and the environment in which all find the same Vulkan driver. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Answers, EngineJob, EngineRunner, Opened } from './engineRunner.js';
import type { Engine } from './peerReport.js';

interface Answer {
  id: number;
  result?: unknown;
  error?: string;
}

/** The folder of package.json; this file may have been bundled into dist. */
export function projectRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const manifest = join(folder, 'package.json');
    if (
      existsSync(manifest) &&
      (JSON.parse(readFileSync(manifest, 'utf8')) as { name?: string }).name === 'chexgpu'
    ) {
      return folder;
    }
    if (dirname(folder) === folder) throw new Error('The bench runs in a clone of chexgpu; this is none.');
    folder = dirname(folder);
  }
}

export interface ProcessOptions {
  /** Ends the process when aborted. */
  signal?: AbortSignal;
  /** Default: child.mjs beside this file in the clone. */
  program?: string;
}

/** One engine in a process of its own. */
export class EngineProcess implements EngineRunner {
  private readonly gone: Promise<void>;
  private readonly child: ChildProcess;
  private readonly waiting = new Map<number, (answer: Answer) => void>();
  private lastWords = '';
  private ended: string | null = null;
  private next = 0;

  constructor(engine: Engine, environment: NodeJS.ProcessEnv, { signal, program }: ProcessOptions = {}) {
    this.child = spawn(process.execPath, [program ?? join(projectRoot(), 'bench/peers/child.mjs'), engine], {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      serialization: 'advanced',
    });
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.on('data', (data: Buffer) => {
        this.lastWords = (this.lastWords + data.toString()).slice(-4000);
      });
    }
    const abort = () => this.kill();
    signal?.addEventListener('abort', abort, { once: true });
    this.child.on('message', (answer: Answer) => this.waiting.get(answer.id)?.(answer));
    this.gone = new Promise((resolve) => {
      const end = (reason: string) => {
        signal?.removeEventListener('abort', abort);
        this.end(reason);
        resolve();
      };
      this.child.on('error', (error) => end(error.message));
      this.child.on('close', (code, by) => end(`its process ended with ${by ?? `exit code ${code}`}`));
    });
    if (signal?.aborted) this.kill();
  }

  /**
   * @throws Error with what the engine said, or that it ended or took longer than `timeoutMs`; after the
   *   latter two it is gone
   */
  ask<Op extends keyof Answers>(op: Op, timeoutMs: number, job?: EngineJob): Promise<Answers[Op]> {
    if (this.ended) return Promise.reject(new Error(this.ended));
    const id = this.next++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.end(`no answer within ${(timeoutMs / 1000).toFixed(0)} s`);
        this.kill();
      }, timeoutMs);
      this.waiting.set(id, ({ result, error }) => {
        clearTimeout(timer);
        this.waiting.delete(id);
        if (error === undefined) resolve(result as Answers[Op]);
        else reject(new Error(error.split('\n')[0]));
      });
      this.child.send({ id, op, job }, (error) => error && this.end(error.message));
    });
  }

  /** Ends the process at once; settled when it is gone and its memory is free. */
  stop(): Promise<void> {
    this.kill();
    return this.gone;
  }

  private kill(): void {
    this.child.kill('SIGKILL');
  }

  private end(reason: string): void {
    if (this.ended) return;
    const words = lastLines(this.lastWords);
    this.ended = words ? `${reason}: ${words}` : reason;
    for (const [id, settle] of this.waiting) settle({ id, error: this.ended });
  }
}

/** What a process said before it ended, without stack frames and Dawn's warnings. */
function lastLines(text: string): string {
  const lines = text.split('\n').map((line) => line.trim());
  return lines
    .filter((line) => line && !/^(at |Warning: |Node\.js v)/.test(line))
    .slice(-3)
    .join(' / ');
}

/**
 * The environment for the peers, from what our own engine runs on: where that is a software driver, the
 * Vulkan loader is shown this driver alone. SwiftShader from our npm packages brings the loader with it, so
 * a system without one does not stop the peers.
 * @param folder where a manifest can be written
 * @returns also the path of SwiftShader's library, if that is the driver
 */
export function peerEnvironment(
  { adapterKind, drivers = [] }: Opened,
  folder: string,
): { environment: NodeJS.ProcessEnv; swiftshader?: string } {
  const names: Record<string, RegExp> = { lavapipe: /^libvulkan_lvp/, swiftshader: /^libvk_swiftshader/ };
  const wanted = names[adapterKind ?? ''];
  const library = wanted && drivers.find((path) => wanted.test(basename(path)));
  if (!library) return { environment: process.env };
  const manifest = join(folder, 'driver_icd.json');
  const icd = { file_format_version: '1.0.0', ICD: { library_path: library, api_version: '1.3.0' } };
  writeFileSync(manifest, JSON.stringify(icd));
  const environment = { ...process.env, VK_DRIVER_FILES: manifest, VK_ICD_FILENAMES: manifest };
  if (adapterKind !== 'swiftshader') return { environment };
  const path = [dirname(library), process.env.LD_LIBRARY_PATH].filter(Boolean).join(':');
  return { environment: { ...environment, LD_LIBRARY_PATH: path }, swiftshader: library };
}
