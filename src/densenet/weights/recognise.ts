/** Which DenseNet a weight file is of, told by the shapes of its convolutions. */
import { type DenseNetConfig, densenetConfig, NETWORK_NAMES, XRAY_NETWORKS } from '../architecture.js';
import { type Layout, sameLayout } from './layout.js';

/** What a file tells of its layers before anybody knows the network. */
export interface FoundLayers {
  /** Convolutions by Keras' names without slashes, in the file's order; shape is [height, width, in, out]. */
  kernels: readonly { name: string; shape: readonly number[] }[];
  /** Number of batch norms. */
  norms: number;
  /** Channels of the last batch norm; undefined where the file does not tell which one that is. */
  features: number | undefined;
}

/** What a network is called that nobody named: `densenet-2-2-k8`. */
export const layoutName = ({ blocks, growthRate }: Layout): string =>
  `densenet-${blocks.join('-')}-k${growthRate}`;

/**
 * The network that has these layers: `asked` where it is that one, else one with all of `asked` that layers do not
 * tell. Null for layers that are no DenseNet's, and for a network whose images are prepared in another way than X-rays
 * are: that one has to be named.
 */
export function recogniseNetwork(found: FoundLayers, asked: DenseNetConfig): DenseNetConfig | null {
  const kernels = inNetworkOrder(found.kernels).map(({ shape }) => shape);
  const layout = readLayout(kernels, found, asked.compression);
  if (!layout) return null;
  if (sameLayout(asked, layout)) return asked;
  const named = NETWORK_NAMES.find((name) => sameLayout(densenetConfig(name), layout));
  if (named && !XRAY_NETWORKS.includes(named)) return null;
  return { ...asked, ...layout, name: named ?? layoutName(layout) };
}

/** Where Keras lists the layers of a file. */
const NAMES_WITHIN = 2 ** 20;

/**
 * Whether Keras' names of layers at the beginning of a file speak for these blocks, or there are none: a first look
 * before the file is read, which takes a while in HDF5.
 */
export function namesFit({ blocks }: Pick<DenseNetConfig, 'blocks'>, bytes: Uint8Array): boolean {
  const text = new TextDecoder('latin1').decode(bytes.subarray(0, NAMES_WITHIN));
  const has = (index: number, layer: number) => text.includes(`conv${index + 2}_block${layer}_`);
  return !has(0, 1) || blocks.every((layers, index) => has(index, layers) && !has(index, layers + 1));
}

/** Keras' names of a DenseNet's convolutions. */
const NAMED = /^(?:conv1|(conv|pool)(\d+)(?:_block(\d+)_(\d))?)_conv$/;

/** Above any number of layers in a block. */
const BEHIND_THE_BLOCK = 1e6;

/** A file may keep them by the alphabet: names decide where there are any. */
function inNetworkOrder(kernels: FoundLayers['kernels']): FoundLayers['kernels'] {
  const placed = kernels.flatMap((kernel) => {
    const match = NAMED.exec(kernel.name);
    if (!match) return [];
    const [, kind, stage = 1, block = 0, part = 0] = match;
    const within = kind === 'pool' ? BEHIND_THE_BLOCK : 10 * Number(block) + Number(part);
    return [{ kernel, place: 10 * BEHIND_THE_BLOCK * Number(stage) + within }];
  });
  return placed.length === 0 ? kernels : placed.sort((a, b) => a.place - b.place).map(({ kernel }) => kernel);
}

/** A 1x1 convolution before a 3x3 one is a bottleneck, any other a transition; without bottlenecks each is one. */
function readLayout(
  [stem, ...behind]: readonly (readonly number[])[],
  { norms, features }: Omit<FoundLayers, 'kernels'>,
  usual: number,
): Layout | null {
  if (behind.length === 0 || (stem[0] !== 7 && stem[0] !== 3)) return null;
  if (behind.some((shape) => shape.some((extent) => extent < 1))) return null;
  const perLayer = behind[0][0] === 1 ? 2 : 1;
  const blocks = [0];
  const transitions: [from: number, to: number][] = [];
  let channels = stem[3];
  for (let i = 0; i < behind.length; ) {
    const [, , from, to] = behind[i];
    if (from !== channels) return null;
    const last = behind[i + perLayer - 1];
    if (last?.[0] === 3) {
      channels += last[3];
      blocks[blocks.length - 1]++;
      i += perLayer;
    } else {
      transitions.push([from, to]);
      channels = to;
      blocks.push(0);
      i++;
    }
  }
  if (blocks.includes(0)) return null;
  const stemKind = stem[0] === 7 ? 'imagenet' : 'cifar';
  const growthRate = behind[perLayer - 1][3];
  const isSparse = stemKind === 'cifar' && perLayer === 1 && norms === blocks.length;
  const bottleneck = perLayer === 2 ? behind[0][3] / growthRate : 0;
  const compression = compressionOf(transitions, usual);
  if (compression === null || !Number.isInteger(bottleneck)) return null;
  if (!isSparse && features !== undefined && features !== channels) return null;
  return {
    blocks,
    growthRate,
    bottleneck,
    compression,
    stem: stemKind,
    stemChannels: stem[3],
    norms: isSparse ? 'block' : 'layer',
  };
}

/** The usual share where it makes these channels, else the one with the fewest digits; null where none does. */
function compressionOf(transitions: readonly [from: number, to: number][], usual: number): number | null {
  const makesThem = (share: number) => transitions.every(([from, to]) => Math.floor(from * share) === to);
  const least = Math.max(...transitions.map(([from, to]) => to / from));
  // The least one may be too small by a rounding: 150 * 0.82 is below 123.
  const rounded = [1, 10, 100, 1e3, 1e4, 1e5, 1e6].flatMap((unit) =>
    [0, 1].map((more) => (Math.ceil(least * unit) + more) / unit),
  );
  return [usual, ...rounded].find((share) => share <= 1 && makesThem(share)) ?? null;
}
