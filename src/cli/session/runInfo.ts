/** Which command ran, on what and with which versions: for the report. */
import type { NodeGpu } from '../../engine/device/gpu.node.js';
import type { RunInfo } from '../../eval/report/reportData.js';
import type { CommandContext } from './commandContext.js';
import { versions } from './versions.js';

/** The adapter and its driver in words: what decides the bits of a computation. */
export function adapterOf({ name, gpu: { info } }: NodeGpu): string {
  return [name, info.vendor, info.architecture, info.description].filter(Boolean).join(', ');
}

export function runInfo(
  { commandLine }: CommandContext,
  node: NodeGpu,
  facts: { name: string; seed: number; startedAt: Date },
): Omit<RunInfo, 'settings'> {
  const { info } = node.gpu;
  return {
    name: facts.name,
    command: commandLine,
    seed: facts.seed,
    startedAt: facts.startedAt.toISOString(),
    seconds: (Date.now() - facts.startedAt.getTime()) / 1000,
    adapter: {
      name: node.name,
      driver: [info.vendor, info.architecture, info.description].filter(Boolean).join(', '),
      software: info.kind === 'software',
      reason: node.why,
    },
    versions: versions(),
  };
}
