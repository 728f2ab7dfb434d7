/** Small Node programs that tests run in a process of their own, against the TypeScript sources. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  milliseconds: number;
}

export interface NodeProgram {
  /** The bundled script. */
  readonly file: string;
  /** Runs it; `env` is laid over this process's environment, `undefined` takes a variable away. */
  run(env?: Record<string, string | undefined>, args?: string[]): Promise<Ended>;
  remove(): void;
}

/**
 * Bundles `source` (TypeScript; imports relative to the repository's root) so that Node can run
 * it. It lies under node_modules, where bare imports resolve and git does not look.
 */
export async function nodeProgram(name: string, source: string): Promise<NodeProgram> {
  const folder = `${ROOT}node_modules/.cache/chexgpu-test/${name}-${process.pid}`;
  mkdirSync(folder, { recursive: true });
  const outfile = `${folder}/program.mjs`;
  await build({
    stdin: { contents: source, resolveDir: ROOT, loader: 'ts', sourcefile: `${name}.ts` },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    loader: { '.wgsl': 'text' },
    logLevel: 'error',
  });
  return {
    file: outfile,
    run: (env = {}, args = []) => runNode([outfile, ...args], env),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export interface RunNodeOptions {
  /** Default: the repository's root. */
  cwd?: string;
  /** Milliseconds until it is killed; default two minutes. */
  timeout?: number;
  /** Gets the process as soon as it is there. */
  onStart?: (child: ChildProcess) => void;
  /** Gets the process and every piece of its stderr. */
  onStderr?: (text: string, child: ChildProcess) => void;
}

/** Runs Node with `args` and waits for its end. */
export function runNode(
  args: string[],
  env: Record<string, string | undefined> = {},
  { cwd = ROOT, timeout = 120_000, onStart = () => {}, onStderr = () => {} }: RunNodeOptions = {},
): Promise<Ended> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout,
    });
    onStart(child);
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (text) => {
      stdout += text;
    });
    child.stderr.on('data', (text) => {
      stderr += text;
      onStderr(String(text), child);
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      resolve({ code, signal, stdout, stderr, milliseconds: performance.now() - started });
    });
  });
}
