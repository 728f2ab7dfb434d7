/** What of a configuration decides which layers a network has, whatever its ends and its batch norms' settings are. */
import { plural } from '../../core/formatting.js';
import { type DenseNetConfig, densenetConfig, NETWORK_NAMES } from '../architecture.js';

const FIELDS = [
  'blocks',
  'growthRate',
  'bottleneck',
  'compression',
  'stem',
  'stemChannels',
  'norms',
] as const satisfies readonly (keyof DenseNetConfig)[];

export type Layout = Pick<DenseNetConfig, (typeof FIELDS)[number]>;

/** The fields in an order of their own: equal layouts are equal as JSON. */
export const layoutOf = (config: Layout): Layout =>
  Object.fromEntries(FIELDS.map((field) => [field, config[field]])) as unknown as Layout;

export const sameLayout = (a: Layout, b: Layout): boolean =>
  JSON.stringify(layoutOf(a)) === JSON.stringify(layoutOf(b));

/** What a file that holds only tensors does not say of how its network is built; none where a name says it. */
export const unsaidLayout = (config: Layout): string[] =>
  NETWORK_NAMES.some((name) => sameLayout(densenetConfig(name), config))
    ? []
    : [`how the network is built: ${JSON.stringify(layoutOf(config))}`];

/** A network's name, and what it is where the name does not say it. */
export const networkWords = (config: DenseNetConfig): string =>
  NETWORK_NAMES.some((name) => name === config.name)
    ? config.name
    : `${config.name} (${layoutWords(config)})`;

/** For people: `blocks of 2, 2 layers, growth rate 8`. */
export function layoutWords({ blocks, growthRate }: Layout): string {
  const words =
    blocks.length === 1
      ? `one block of ${plural(blocks[0], 'layer')}`
      : `blocks of ${blocks.join(', ')} layers`;
  return `${words}, growth rate ${growthRate}`;
}
