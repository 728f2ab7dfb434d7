/** A network of one's own, from a JSON file of the fields in which it differs from DenseNet121. */
import { requireObject, shown } from '../../core/arguments.js';
import { UsageError } from '../../core/errors.js';
import { byteSize, whole } from '../../core/formatting.js';
import { readRegularFile } from '../../core/readFile.node.js';
import {
  countParameters,
  type DenseNetConfig,
  type DenseNetName,
  densenetConfig,
  NETWORK_NAMES,
} from '../../densenet/architecture.js';
import { CONFIG_FIELDS, requireField } from '../../densenet/config.js';
import { sameLayout } from '../../densenet/weights/layout.js';
import { layoutName } from '../../densenet/weights/recognise.js';

/** A network of the family by its name, or any other. */
export type NetworkChoice = DenseNetName | DenseNetConfig;

/** @throws as `densenetConfig` */
export const configOf = (network: NetworkChoice, overrides: Partial<DenseNetConfig> = {}): DenseNetConfig =>
  typeof network === 'string'
    ? densenetConfig(network, overrides)
    : densenetConfig('densenet121', { ...network, ...defined(overrides) });

const defined = <T extends object>(fields: T): Partial<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;

/** Much more than all fields take. */
const LARGEST_FILE = 2 ** 20;

/** As float32 what a weight file may be large at most. */
const MOST_PARAMETERS = 250_000_000;

/** What other programs call these fields. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  block_config: 'blocks',
  block_layers: 'blocks',
  bn_size: 'bottleneck',
  bottleneckFactor: 'bottleneck',
  reduction: 'compression',
  num_init_features: 'stemChannels',
  init_channels: 'stemChannels',
  initialFilters: 'stemChannels',
};

/** Fields that others settle. */
const EPSILON = 'It may be that of weights to begin with: `bnEpsilon` says it.';
const MOMENTUM = 'It belongs to the training: `bnMomentum` says it.';
const SETTLED: Readonly<Record<string, string>> = {
  classes: 'There are as many outputs as labels: `labels`.',
  activation: 'What is trained are sigmoids.',
  bnEpsilon: EPSILON,
  epsilon: EPSILON,
  bnMomentum: MOMENTUM,
  momentum: MOMENTUM,
};

/** Those that a file may have. */
const OWN_FIELDS = CONFIG_FIELDS.filter((field) => !Object.hasOwn(SETTLED, field));

const plain = (field: string): string => field.toLowerCase().replaceAll('_', '');

/**
 * The network that a JSON file describes: `{ "name": "slim", "blocks": [6, 12, 24, 16], "growthRate": 16 }`, with
 * any fields of `DenseNetConfig` but `classes`, `activation`, `bnEpsilon` and `bnMomentum`; those left out are
 * DenseNet121's.
 * @throws UsageError for a file that is none, an unknown field, a value that no network can have, and for a network of
 *   more than 250 million parameters
 */
export async function readNetworkFile(path: string): Promise<DenseNetConfig> {
  const bytes = await readRegularFile(path, { limit: LARGEST_FILE, error: UsageError });
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new UsageError(
      `${path} is no JSON: ${(error as Error).message}`,
      'It holds one object, as {"growthRate": 16}.',
    );
  }
  requireObject(`What ${path} holds`, json);
  const fields = json as Partial<DenseNetConfig>;
  for (const field of Object.keys(fields)) {
    const settled = Object.keys(SETTLED).find((one) => plain(one) === plain(field));
    if (settled !== undefined) {
      throw new UsageError(`${path}: ${field} is not for a network's file.`, SETTLED[settled]);
    }
    if (!Object.hasOwn(OTHER_NAMES, field)) {
      requireField(path, field, OWN_FIELDS);
      continue;
    }
    throw new UsageError(
      `${path}: a network has no field ${shown(field)}.`,
      `It is called ${OTHER_NAMES[field]} here.`,
    );
  }
  const { inputChannels = 3 } = fields;
  if (inputChannels !== 1 && inputChannels !== 3) {
    throw new UsageError(`${path}: inputChannels is ${shown(inputChannels)}, it must be 1 (gray) or 3.`);
  }
  const drafted = densenetConfig('densenet121', { ...fields, name: path });
  const config = densenetConfig('densenet121', { ...fields, name: nameOf(fields, drafted, path) });
  const { total } = countParameters(config);
  if (total <= MOST_PARAMETERS) return config;
  throw new UsageError(
    `${path}: the network has ${whole(total)} parameters; ${whole(MOST_PARAMETERS)} ` +
      `(${byteSize(4 * MOST_PARAMETERS)}) are the most that a weight file may have.`,
    'Take fewer layers, or a smaller growthRate.',
  );
}

/** What it is called: as the file says, unless that is another one's name; else what it is by its layers. */
function nameOf({ name }: Partial<DenseNetConfig>, config: DenseNetConfig, path: string): string {
  const known = NETWORK_NAMES.find((one) => sameLayout(densenetConfig(one), config));
  if (name === undefined) return known ?? layoutName(config);
  if (typeof name !== 'string' || !/^[\w .+-]{1,64}$/.test(name)) {
    throw new UsageError(
      `${path}: name is ${shown(name)}; it must be up to 64 letters, digits, blanks, dots and dashes.`,
    );
  }
  if (name === known || !NETWORK_NAMES.some((one) => one === name)) return name;
  throw new UsageError(
    `${path}: the name ${name} is that of another network, which has other layers.`,
    'Call it something else, or leave the name out.',
  );
}
