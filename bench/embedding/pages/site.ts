/** All that is served: models, X-rays and the page of every library and task. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countLines } from '../countLines.js';
import { writeModelFiles } from '../files/modelFiles.js';
import { CANNOT, LIBRARIES, type Library, TASKS, type Task } from '../libraries.js';
import type { TaskRow } from '../report.js';
import { bundlePage } from './bundlePage.js';
import { type PageServer, servePages } from './servePages.js';

/** What transformers.js would else fetch from another host, of the ONNX Runtime that it was built with. */
const WASM = 'node_modules/@huggingface/transformers/node_modules/onnxruntime-web/dist';
const WASM_FILES = ['ort-wasm-simd-threaded.asyncify.mjs', 'ort-wasm-simd-threaded.asyncify.wasm'];

export interface SiteOptions {
  /** Of the repository; dist must be built, the packages of bench/embedding be installed. */
  root: string;
  side: number;
  count: number;
  /** Programs, as `tfjs/batch`; default: all. */
  only?: readonly string[];
  /** Default: the network of `weights/`. */
  network?: string;
  say?: (message: string) => void;
}

export interface Site {
  server: PageServer;
  /** One per program, and per task that a library cannot do. */
  rows: TaskRow[];
  close(): Promise<void>;
}

export async function openSite(options: SiteOptions): Promise<Site> {
  const { root, side, count, only, say = () => {} } = options;
  const { network = join(root, 'weights/phantoms-densenet121.h5') } = options;
  const folder = mkdtempSync(join(tmpdir(), 'chexgpu-embedding-'));
  const here = join(root, 'bench/embedding');
  try {
    await writeModelFiles(folder, network, side, count);
    const rows: TaskRow[] = [];
    for (const library of LIBRARIES) {
      for (const task of TASKS) {
        const name = `${library}/${task}`;
        if (only && !only.includes(name)) continue;
        const program = join(here, 'tasks', library, `${task}.mjs`);
        rows.push(emptyRow(library, task, existsSync(program) ? program : null));
        if (!existsSync(program)) continue;
        say(`bundling ${name}`);
        await bundlePage({ root, site: folder, task: program, name });
      }
    }
    mkdirSync(join(folder, 'wasm'));
    const wasm = join(here, WASM);
    if (existsSync(wasm)) {
      for (const file of WASM_FILES) cpSync(join(wasm, file), join(folder, 'wasm', file));
    }
    const server = await servePages(folder);
    const close = async () => {
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    };
    return { server, rows, close };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** @param program null: the library cannot do it */
function emptyRow(library: Library, task: Task, program: string | null): TaskRow {
  return {
    library,
    task,
    status: program ? 'ok' : 'cannot',
    note: program ? '' : (CANNOT[library]?.[task] ?? ''),
    lines: program ? countLines(readFileSync(program, 'utf8')) : null,
    programBytes: null,
    dataBytes: null,
    values: null,
    difference: null,
    cold: [],
    warm: [],
  };
}
