/** What a race needs to run its jobs. */
import { EngineProcess } from './engineProcess.js';
import type { EngineJob } from './engineRunner.js';
import type { BenchFiles } from './peerFiles.js';
import type { Engine, PeerJob } from './peerReport.js';
import type { TurnContext } from './turns.js';

export interface RaceContext extends Omit<TurnContext, 'start' | 'jobFor'> {
  files: BenchFiles;
  environment: (engine: Engine) => NodeJS.ProcessEnv;
  /** SwiftShader's library, where it is what all run on. */
  swiftshader?: string;
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

export function childJob({ files }: RaceContext, { kind, batch, size }: PeerJob): EngineJob {
  return { kind, folder: files.folder, batch, size };
}
