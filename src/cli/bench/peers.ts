/** `chexgpu bench peers`: the race against ONNX Runtime and TensorFlow.js; run by bench/peers. */
import { InvalidArgumentError } from 'commander';
import { FORMAT, FORMAT_VERSION } from '../../../bench/document/document.js';
import { ENGINES, type Engine, type JobKind, PEER_JOBS, racePeers } from '../../../bench/peers/racePeers.js';
import { ChexError, UsageError } from '../../core/errors.js';
import { define } from '../defineCommand.js';
import { wholeNumber } from '../flags/sharedFlags.js';
import type { CommandContext } from '../session/commandContext.js';
import { withSession } from '../session/gpuSession.js';
import { benchHeader } from './header.js';
import { addResultOptions, type ResultFlags, seconds } from './options.js';
import { beforeMeasuring, finish } from './result.js';

interface PeerFlags extends ResultFlags {
  engines?: Engine[];
  jobs?: JobKind[];
  rounds?: number;
  budget?: number;
  timeout?: number;
}

/** A list of words, each one of the known. */
function listOf<T extends string>(known: readonly T[]): (text: string) => T[] {
  return (text) =>
    text.split(',').map((part) => {
      const word = known.find((name) => name === part.trim());
      if (word) return word;
      throw new InvalidArgumentError(`There is no "${part.trim()}"; choose from ${known.join(', ')}.`);
    });
}

const KINDS = [...new Set(PEER_JOBS.map(({ kind }) => kind))];

async function peers(context: CommandContext, flags: PeerFlags): Promise<number> {
  const { signal, commandLine } = context;
  const older = await beforeMeasuring(flags);
  // Opened to be described, and closed: the engines have the adapter to themselves.
  const header = await withSession(context, { workers: 0, selfTest: false }, ({ node }) =>
    benchHeader(node, commandLine),
  );
  const wanted = flags.jobs;
  const report = await racePeers({
    jobs: wanted ? PEER_JOBS.filter(({ kind }) => wanted.includes(kind)) : PEER_JOBS,
    engines: flags.engines,
    rounds: flags.rounds,
    budgetMs: flags.budget,
    timeoutMs: flags.timeout,
    signal,
    onProgress: (message) => context.out.note(message),
  }).catch((error: unknown) => {
    if (signal.aborted || error instanceof ChexError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new UsageError(`There is no race: ${message}`, 'Run it in a clone of chexgpu, after `npm ci`.');
  });
  const document = {
    format: FORMAT,
    version: FORMAT_VERSION,
    ...header,
    peaks: null,
    peers: report,
  } as const;
  await finish(context, document, older, flags);
  return 0;
}

export const benchPeersCommand = define<PeerFlags>({
  name: 'peers',
  description:
    'The same network in chexgpu, ONNX Runtime (WebGPU and CPU) and TensorFlow.js (WebGPU) on the same adapter: each ' +
    'in a process of its own, checked first, then timed in turns. Needs a clone, with the development packages.',
  examples: [
    ['chexgpu bench peers', 'all jobs, some minutes; more on SwiftShader'],
    ['chexgpu bench peers --jobs forward --engines chexgpu,onnxruntime-webgpu', 'one job, two engines'],
    ['CHEXGPU_ADAPTER=swiftshader chexgpu bench peers --out peers.json', 'on another adapter'],
  ],
  flags: (command) =>
    addResultOptions(
      command
        .option('--jobs <names>', `of ${KINDS.join(', ')} (default: all)`, listOf<JobKind>(KINDS))
        .option('--engines <names>', `of ${ENGINES.join(', ')} (default: all)`, listOf<Engine>(ENGINES))
        .option('--rounds <n>', 'turns of each engine (default: 3)', wholeNumber(1, 1000))
        .option('--budget <s>', 'seconds for the further turns of one job (default: 180)', seconds)
        .option('--timeout <s>', 'seconds for one answer of one engine (default: 600)', seconds),
    ),
  action: peers,
});
