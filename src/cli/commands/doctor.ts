/** `chexgpu doctor`: the adapter, and every kernel checked on it by src/verify. */
import { availableParallelism } from 'node:os';
import { plural, whole } from '../../core/formatting.js';
import { type Gpu, WANTED_LIMITS } from '../../engine/device/gpu.js';
import { type NodeGpu, openNodeGpu } from '../../engine/device/gpu.node.js';
import { declaredConfigs } from '../../engine/wgsl/subgroupMatrix.js';
import { type CheckResult, explain } from '../../shaders/checkCase.js';
import { operationsOf } from '../../verify/checksOf.js';
import { type RaceRow, raceVariants } from '../../verify/raceVariants.js';
import { selfTest } from '../../verify/selfTest.js';
import { skippedKernels } from '../../verify/skippedKernels.js';
import { define } from '../defineCommand.js';
import type { CommandContext } from '../session/commandContext.js';
import { withSession } from '../session/gpuSession.js';
import { versions } from '../session/versions.js';
import { EXIT_CODES } from '../terminal/exitCodes.js';
import { kernelProgress } from '../terminal/kernelProgress.js';
import { textTable } from '../terminal/output.js';

interface DoctorFlags {
  kernel?: string;
}

/** Limits that decide how large a network and a batch can be. */
const LIMITS = [
  ...WANTED_LIMITS,
  'maxComputeWorkgroupsPerDimension',
  'minStorageBufferOffsetAlignment',
] as const;

function describe({ gpu, name, kind, why }: NodeGpu) {
  const { device, info } = gpu;
  return {
    adapter: { name, kind, reason: why, vendor: info.vendor, architecture: info.architecture },
    driver: info.description,
    features: info.features,
    limits: Object.fromEntries(LIMITS.map((limit) => [limit, device.limits[limit]])),
    subgroups: { smallest: info.subgroupMinSize, largest: info.subgroupMaxSize },
    subgroupMatrixConfigurations: declaredConfigs(gpu),
    versions: versions(),
  };
}

function sayDescription({ out }: CommandContext, facts: ReturnType<typeof describe>): void {
  const { smallest, largest } = facts.subgroups;
  const matrices = facts.subgroupMatrixConfigurations.map(
    (m) => `${m.M}x${m.N}x${m.K} ${m.componentType} -> ${m.resultComponentType}`,
  );
  const lines: [string, string][] = [
    ['driver', facts.driver],
    ['features', facts.features.join(', ')],
    ['subgroups', largest > 0 ? `${smallest} to ${largest} lanes` : 'none'],
    ['subgroup matrices', matrices.join('; ') || 'none'],
    ...Object.entries(facts.limits).map(([name, value]): [string, string] => [name, whole(value)]),
    ...Object.entries(facts.versions),
  ];
  const width = Math.max(...lines.map(([name]) => name.length));
  for (const [name, value] of lines) out.say(`  ${name.padEnd(width)}  ${value}`);
}

/**
 * Software drivers compile on one core for each device: as many devices as there are cores share the work. Four are
 * enough for the longest variant to be what is waited for.
 */
async function testAll(
  context: CommandContext,
  { gpu }: NodeGpu,
  ops: readonly string[] | undefined,
): Promise<CheckResult[]> {
  const more = gpu.info.kind === 'software' ? Math.min(4, availableParallelism()) - 1 : 0;
  const beside: Gpu[] = [];
  try {
    for (let i = 0; i < more; i++) beside.push((await openNodeGpu({ quiet: true })).gpu);
    const onProgress = kernelProgress(context, 'Self-test', 'cases');
    return await selfTest(gpu, { ops, beside, signal: context.signal, onProgress });
  } finally {
    for (const device of beside) device.dispose();
  }
}

const nameOf = ({ op, variant }: CheckResult) => `${op}.${variant}`;

/** One line per variant: its worst case. */
function sayResults({ out }: CommandContext, results: readonly CheckResult[]): void {
  const names = [...new Set(results.map(nameOf))];
  const rows = names.map((name) => {
    const cases = results.filter((result) => nameOf(result) === name);
    const worst = Math.max(...cases.map(({ worst: { ratio } }) => ratio));
    const failed = cases.filter((result) => !result.ok).length;
    return [name, cases.length, failed === 0 ? 'ok' : `${failed} FAILED`, worst.toFixed(3)];
  });
  out.say('Self-test against the CPU references (worst error as a share of what is allowed):');
  out.say(textTable(['kernel', 'cases', 'result', 'worst error'], rows));
  for (const result of results) if (!result.ok) out.say(`  FAILED ${explain(result)}`);
}

function sayRace({ out }: CommandContext, rows: readonly RaceRow[]): void {
  if (rows.length === 0) {
    out.say('There is no race for this kernel.');
    return;
  }
  out.say('Race (median time per run; bytes are those that have to be moved at least once):');
  out.say(
    textTable(
      ['shape', 'kernel', 'ms', 'GFLOP/s', 'GB/s'],
      rows.map((row) => [
        row.title,
        `${row.op}.${row.variant}`,
        row.ok ? row.ms.toFixed(3) : 'FAILED',
        row.ok ? row.gflops.toFixed(2) : '-',
        row.ok ? row.gbs.toFixed(2) : '-',
      ]),
    ),
  );
  for (const row of rows) if (row.error) out.say(`  FAILED ${row.error}`);
}

export const doctorCommand = define<DoctorFlags>({
  name: 'doctor',
  description:
    'Shows the adapter, and checks every kernel on it, forward and backward, each variant against a CPU reference. ' +
    'Ends with 7 if one fails.',
  examples: [
    ['chexgpu doctor', 'all of it'],
    ['chexgpu doctor --kernel conv.forward', 'one operation: check and race its variants'],
    ['CHEXGPU_ADAPTER=swiftshader chexgpu doctor', 'on another adapter: hardware, lavapipe or swiftshader'],
  ],
  flags: (command) =>
    command.option('--kernel <op>', 'an operation, such as conv.forward, or a group of them, such as conv'),
  action: async (context, { kernel }) => {
    const { out, signal } = context;
    operationsOf(kernel);
    return withSession(context, { workers: 0, selfTest: false }, async ({ node }) => {
      const facts = describe(node);
      sayDescription(context, facts);
      const ops = kernel === undefined ? undefined : [kernel];
      const results = await testAll(context, node, ops);
      sayResults(context, results);
      const skipped = skippedKernels(node.gpu, results, ops);
      for (const { kernel: name, why } of skipped) out.say(`  not run here: ${name}: ${why}`);
      const rows = kernel === undefined ? [] : await raceVariants(node.gpu, kernel, { signal });
      if (kernel !== undefined) sayRace(context, rows);
      const failed = results.filter((result) => !result.ok).length + rows.filter((row) => !row.ok).length;
      out.say(
        failed === 0
          ? `All ${plural(results.length, 'check')} passed.`
          : `${plural(failed, 'check')} failed.`,
      );
      out.document({ command: 'doctor', ok: failed === 0, ...facts, selfTest: results, skipped, race: rows });
      return failed === 0 ? 0 : EXIT_CODES.gpu;
    });
  },
});
