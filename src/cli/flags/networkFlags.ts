/** The flags of which network is trained. */
import { existsSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { UsageError } from '../../core/errors.js';
import { shownPath } from '../../core/outputs/shownPath.node.js';
import { type DenseNetConfig, XRAY_NETWORKS } from '../../densenet/architecture.js';
import { layoutWords, sameLayout } from '../../densenet/weights/layout.js';
import { type NetworkChoice, readNetworkFile } from '../../workflow/weights/networkFile.node.js';

export interface NetworkFlags {
  /** Path of a JSON file. */
  config?: string;
}

export const networkOption = (fallback: string): Option =>
  new Option('--network <name>', `the network (default: ${fallback})`).choices(XRAY_NETWORKS);

export function addNetworkOptions(command: Command): Command {
  return command
    .addOption(networkOption('that of --weights, told by its layers; else densenet121'))
    .addOption(
      new Option(
        '--config <file>',
        'a network of your own: JSON with any of name, blocks, growthRate, bottleneck, compression, stemChannels, ' +
          '... (default: those of densenet121)',
      ).conflicts('network'),
    );
}

/** The flags, with the network that --config describes. @throws as `readNetworkFile` */
export async function withNetworkFile<Flags extends NetworkFlags & { network?: NetworkChoice }>(
  flags: Flags,
): Promise<Flags> {
  if (flags.config === undefined) return flags;
  return { ...flags, network: await readNetworkFile(flags.config) };
}

/**
 * Whether a training that goes on finds its --config as it was; where the file is gone, the checkpoint has it.
 * @param checkpoint what the file of `config` is called
 * @throws UsageError for another network; as `readNetworkFile`
 */
export async function checkNetworkFile(
  path: string,
  config: DenseNetConfig,
  checkpoint: string,
): Promise<void> {
  if (!existsSync(path)) return;
  const now = await readNetworkFile(path);
  if (sameLayout(now, config) && now.inputChannels === config.inputChannels) return;
  throw new UsageError(
    `${shownPath(path)} describes another network now (${layoutWords(now)}) than the one in ${checkpoint} ` +
      `(${layoutWords(config)}), and --resume goes on with that.`,
    'Put the file back as it was, or away; or begin another training.',
  );
}
