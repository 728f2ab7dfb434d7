/** What a race needs to run its jobs. */
import { type ChildJob, EngineProcess } from './engineProcess.js';
import type { BenchFiles } from './peerFiles.js';
import type { Engine, PeerJob } from './peerReport.js';

export interface RaceContext {
  files: BenchFiles;
  engines: readonly Engine[];
  /** Turns of each engine after its first run; cold starts of each. */
  rounds: number;
  /** For one answer of one engine. */
  timeoutMs: number;
  /** Everyone has one turn; a further one only where it is likely to end within this time. */
  budgetMs: number;
  environment: (engine: Engine) => NodeJS.ProcessEnv;
  /** SwiftShader's library, where it is what all run on. */
  swiftshader?: string;
  onProgress: (message: string) => void;
  /** Filled with what the engines say. */
  versions: Record<string, string>;
  signal?: AbortSignal;
  /** The program of the children; tests have their own. */
  program?: string;
}

export function startEngine(
  context: RaceContext,
  engine: Engine,
  more: NodeJS.ProcessEnv = {},
): EngineProcess {
  const { signal, program } = context;
  return new EngineProcess(engine, { ...context.environment(engine), ...more }, { signal, program });
}

export function childJob({ files }: RaceContext, { kind, batch, size }: PeerJob): ChildJob {
  return { kind, folder: files.folder, batch, size };
}
