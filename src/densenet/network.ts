/** DenseNet as the runtime knows it: the table, the forward and the backward pass behind one interface. */
import { channelSlice, type Tensor } from '../engine/plan/tensor.js';
import type { MapSize, Network } from '../training/network.js';
import {
  type DenseNetConfig,
  growthName,
  HEAD_LAYER,
  layerTable,
  outputShapes,
  parameterTable,
  sizeMultiple,
} from './architecture.js';
import { recordBackward } from './backward.js';
import { type RecordedForward, recordForward } from './forward.js';

/** @param config checked: of `densenetConfig` or `checkedConfig` */
export function densenetNetwork(config: DenseNetConfig): Network {
  const { name, inputChannels, classes, activation, bnEpsilon: epsilon } = config;
  const norms = layerTable(config).filter(({ kind }) => kind === 'batchnorm');
  return {
    name,
    inputChannels,
    classes,
    activation,
    sizeMultiple: sizeMultiple(config),
    parameters: parameterTable(config),
    batchNorms: norms.map(({ name, cout }) => ({ name, channels: cout, epsilon })),
    mapSizes: () => mapSizes(config),
    record(plan, parameters, image, mode, keep) {
      const forward = recordForward(plan, config, parameters, image, mode, keep);
      const { logits, blocks, finalNorm } = forward;
      return {
        logits,
        maps: storedMaps(forward, config),
        cam: {
          features: blocks[blocks.length - 1].features,
          affine: finalNorm?.affine,
          weights: parameters.view('weights', `${HEAD_LAYER}/kernel`),
        },
        recordBackward: (dlogits) => recordBackward(plan, config, parameters, forward, dlogits),
      };
    },
  };
}

/**
 * The image, what convolutions and pools give, the blocks. A training holds what the convolutions of stem and
 * blocks give.
 */
function mapSizes(config: DenseNetConfig): MapSize[] {
  const side = sizeMultiple(config);
  const shapes = outputShapes(config, side);
  return layerTable(config).flatMap(({ name, kind, section }) => {
    if (kind !== 'input' && kind !== 'conv' && kind !== 'concat' && kind !== 'maxpool') return [];
    const { height, width, channels } = shapes.get(name)!;
    const bytesPerPixel = (4 * height * width * channels) / side ** 2;
    return { layer: name, bytesPerPixel, heldInTraining: kind === 'conv' && section !== 'transition' };
  });
}

/**
 * The maps that a forward pass stores, in the order of computation: what convolutions, pools and the head
 * give. Normalised maps are never stored, and a concatenation is the block's own buffer.
 */
function storedMaps(forward: RecordedForward, config: DenseNetConfig): [name: string, map: Tensor][] {
  const maps: [string, Tensor][] = [['conv1/conv', forward.stem]];
  for (const [b, { input, features, entrance, layers }] of forward.blocks.entries()) {
    if (b > 0 && entrance) maps.push([`${forward.transitions[b - 1].name}_pool`, entrance.x]);
    maps.push([input, channelSlice(features, 0, layers[0].channels)]);
    for (const { name, channels, bottleneck } of layers) {
      if (config.bottleneck > 0) maps.push([`${name}_1_conv`, bottleneck]);
      maps.push([growthName(config, name), channelSlice(features, channels, config.growthRate)]);
    }
    const transition = forward.transitions[b];
    if (transition?.conv) maps.push([`${transition.name}_conv`, transition.conv]);
  }
  maps.push(['global_average_pooling2d_1', forward.pooled], [HEAD_LAYER, forward.logits]);
  return maps;
}
