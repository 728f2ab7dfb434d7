/** Which command ran, on what and with which versions: for the report. */
import type { NodeGpu } from '../../engine/device/gpu.node.js';
import type { RunInfo } from '../../eval/report/reportData.js';
import type { CommandContext } from './commandContext.js';
import { versions } from './versions.js';

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
