/**
 * DenseNet as a table. One pass over the recipe below gives every layer with the name, the order and
 * the shapes that Keras 2.3 gives it; weights, execution plans, costs and docs are all read off it.
 *
 *   stem        input -> pad 3 -> 7x7/2 conv -> bn -> relu -> pad 1 -> 3x3/2 max pool
 *   dense block n times: bn -> relu -> 1x1 conv (4k) -> bn -> relu -> 3x3 conv (k), appended to its input
 *   transition  bn -> relu -> 1x1 conv (half the channels) -> 2x2/2 average pool; after all blocks but the last
 *   head        bn -> relu -> global average pool -> dense (one logit per class; the sigmoid is the loss's)
 *
 * How each part runs, forward and back, stands in stem.ts, denseLayer.ts, transition.ts and head.ts.
 *
 * Huang et al., "Densely Connected Convolutional Networks" (CVPR 2017), as keras-applications 1.0.8
 * builds it: no convolution has a bias, every batch norm has gamma and beta.
 *
 * Fields of the configuration change the recipe: stem 'cifar' is one 3x3 convolution that keeps the size;
 * bottleneck 0 leaves out the 1x1 convolution of a layer; norms 'block' keeps only the batch norms at the
 * entrance of each block: stem conv -> bn; transition 1x1 conv -> average pool -> bn; all else as above
 * without its bn (and the transition without its relu): normPerBlock.ts.
 */
import { listOfNumbers, requireObject } from '../core/arguments.js';
import { checkImageSize as checkSide, type NetworkLayer } from '../training/network.js';
import type { ParameterSpec } from '../training/parameterSpec.js';
import type { DenseNetConfig } from './config.js';

export {
  DENSENET_NAMES,
  type DenseNetConfig,
  type DenseNetName,
  densenetConfig,
  NETWORK_NAMES,
  TOY_SIZE,
  XRAY_NETWORKS,
} from './config.js';

export type LayerKind = NetworkLayer['kind'];

export type Section = 'stem' | 'dense' | 'transition' | 'head';

/** One Keras layer. Numbers that mean nothing for a kind hold the neutral value: kernel 1, stride 1, pad 0. */
export interface Layer {
  /** Keras 2.3 name, e.g. 'conv2_block1_1_conv'. */
  name: string;
  kind: LayerKind;
  section: Section;
  /** 1 in the stem; s = 2, 3, ... in dense block s and the transition after it; last block + 1 in the head. */
  stage: number;
  /** i = 1, 2, ... of `conv{stage}_block{i}_...`; 0 outside the dense blocks. */
  block: number;
  /** Layers whose outputs this one reads, in order. A concat reads [what was there, the new channels]. */
  inputs: string[];
  /** Channels read; for a concat, those that were there before. */
  cin: number;
  /** Channels this layer's output has. */
  cout: number;
  /** Side of the square window. */
  kernel: number;
  stride: number;
  /**
   * Zeros added on each side by this very layer. The stem's padding belongs to its zeropad layers, so
   * conv1/conv and pool1 have pad 0 here although the padded convolution has pad 3.
   */
  pad: number;
}

/** Output of one layer for one image; 1 x 1 after the global pool. */
export interface Shape {
  height: number;
  width: number;
  channels: number;
}

/** Name of the classifier, the only layer that is no part of the pretrained base. */
export const HEAD_LAYER = 'dense_1';

/** All layers in the order of Keras' `model.layers` (429 for densenet121). */
export function layerTable(config: DenseNetConfig): Layer[] {
  requireBlocks(config);
  const layers: Layer[] = [];
  let last = ''; // the layer just added: what the next one reads
  let channels = config.inputChannels;
  const everywhere = config.norms === 'layer';
  let place = { section: 'stem' as Section, stage: 1, block: 0 };

  const add = (name: string, kind: LayerKind, options: Partial<Layer> = {}): void => {
    const layer: Layer = {
      name,
      kind,
      ...place,
      inputs: last ? [last] : [],
      cin: channels,
      cout: channels,
      kernel: 1,
      stride: 1,
      pad: 0,
      ...options,
    };
    layers.push(layer);
    last = name;
    channels = layer.cout;
  };

  add('input_1', 'input');
  if (config.stem === 'imagenet') {
    add('zero_padding2d_1', 'zeropad', { pad: 3 });
    add('conv1/conv', 'conv', { kernel: 7, stride: 2, cout: config.stemChannels });
    add('conv1/bn', 'batchnorm');
    add('conv1/relu', 'relu');
    add('zero_padding2d_2', 'zeropad', { pad: 1 });
    add('pool1', 'maxpool', { kernel: 3, stride: 2 });
  } else {
    add('conv1/conv', 'conv', { kernel: 3, pad: 1, cout: config.stemChannels });
    if (!everywhere) add('conv1/bn', 'batchnorm');
  }

  config.blocks.forEach((count, b) => {
    const stage = b + 2; // Keras counts the stem as stage 1
    for (let block = 1; block <= count; block++) {
      place = { section: 'dense', stage, block };
      const name = `conv${stage}_block${block}`;
      const before = { name: last, channels };
      if (everywhere) add(`${name}_0_bn`, 'batchnorm');
      add(`${name}_0_relu`, 'relu');
      if (config.bottleneck > 0) {
        add(`${name}_1_conv`, 'conv', { cout: config.bottleneck * config.growthRate });
        add(`${name}_1_bn`, 'batchnorm');
        add(`${name}_1_relu`, 'relu');
      }
      add(`${name}_${config.bottleneck > 0 ? 2 : 1}_conv`, 'conv', {
        kernel: 3,
        pad: 1,
        cout: config.growthRate,
      });
      add(`${name}_concat`, 'concat', {
        inputs: [before.name, last],
        cin: before.channels,
        cout: before.channels + config.growthRate,
      });
    }
    if (b === config.blocks.length - 1) return;
    place = { section: 'transition', stage, block: 0 };
    if (everywhere) {
      add(`pool${stage}_bn`, 'batchnorm');
      add(`pool${stage}_relu`, 'relu');
    }
    add(`pool${stage}_conv`, 'conv', { cout: Math.floor(channels * config.compression) });
    add(`pool${stage}_pool`, 'avgpool', { kernel: 2, stride: 2 });
    if (!everywhere) add(`pool${stage}_bn`, 'batchnorm');
  });

  place = { section: 'head', stage: config.blocks.length + 2, block: 0 };
  if (everywhere) add('bn', 'batchnorm');
  add('relu', 'relu');
  add('global_average_pooling2d_1', 'gap');
  add(HEAD_LAYER, 'dense', { cout: config.classes });
  return layers;
}

/** The tensors of one layer, in Keras' order of `layer.weights`. */
function layerParameters(layer: Layer): ParameterSpec[] {
  const spec = (tensor: ParameterSpec['tensor'], shape: number[]): ParameterSpec => ({
    key: `${layer.name}/${tensor}`,
    layer: layer.name,
    tensor,
    shape,
    size: shape.reduce((product, n) => product * n, 1),
    trainable: !tensor.startsWith('moving_'),
  });
  switch (layer.kind) {
    case 'conv':
      return [spec('kernel', [layer.kernel, layer.kernel, layer.cin, layer.cout])];
    case 'dense':
      return [spec('kernel', [layer.cin, layer.cout]), spec('bias', [layer.cout])];
    case 'batchnorm':
      return (['gamma', 'beta', 'moving_mean', 'moving_variance'] as const).map((t) => spec(t, [layer.cout]));
    default:
      return [];
  }
}

/** Every tensor with its shape, in Keras' order of `model.layers` (606 tensors, 7,051,854 numbers for 121). */
export function parameterTable(config: DenseNetConfig): ParameterSpec[] {
  return layerTable(config).flatMap(layerParameters);
}

/** @throws UsageError for what is no configuration; those of `densenetConfig` and `checkedConfig` are right in all */
function requireBlocks(config: DenseNetConfig): void {
  requireObject('The configuration', config);
  listOfNumbers("The configuration's blocks", config.blocks);
}

/** What `model.summary()` prints below its table. */
export function countParameters(config: DenseNetConfig): {
  total: number;
  trainable: number;
  nonTrainable: number;
} {
  let trainable = 0;
  let nonTrainable = 0;
  for (const spec of parameterTable(config)) {
    if (spec.trainable) trainable += spec.size;
    else nonTrainable += spec.size;
  }
  return { total: trainable + nonTrainable, trainable, nonTrainable };
}

/**
 * Every halving of the image must come out even: one per transition, and 2 in the ImageNet stem. 32 for
 * densenet121, 4 for densenet40-12 and the toy.
 */
export function sizeMultiple(config: DenseNetConfig): number {
  requireBlocks(config);
  return 2 ** (config.blocks.length - 1 + (config.stem === 'imagenet' ? 2 : 0));
}

/** Throws UsageError unless `size`, in pixels, is a multiple of 32 (of the toy 4; else of `sizeMultiple`). */
export function checkImageSize(config: DenseNetConfig, size: number): void {
  const multiple = sizeMultiple(config);
  checkSide({ name: config.name, sizeMultiple: multiple }, size);
}

/**
 * Output shape of every layer, by name, for a size x size image. Throws UsageError for a size that does
 * not halve evenly all the way down.
 */
export function outputShapes(config: DenseNetConfig, size: number): Map<string, Shape> {
  checkImageSize(config, size);
  const shapes = new Map<string, Shape>();
  for (const layer of layerTable(config)) {
    const side = shapes.get(layer.inputs[0])?.height ?? size;
    const out = outputSide(layer, side);
    shapes.set(layer.name, { height: out, width: out, channels: layer.cout });
  }
  return shapes;
}

function outputSide(layer: Layer, side: number): number {
  if (layer.kind === 'gap' || layer.kind === 'dense') return 1;
  if (layer.kind === 'zeropad') return side + 2 * layer.pad;
  return Math.floor((side + 2 * layer.pad - layer.kernel) / layer.stride) + 1;
}

/**
 * Multiply-accumulates of one image's forward pass, by layer name; only convolutions and the dense layer
 * have any: height * width * kernel^2 * cin * cout of the output. FLOPs are twice that.
 */
export function layerMacs(config: DenseNetConfig, size: number): Map<string, number> {
  const shapes = outputShapes(config, size);
  const macs = new Map<string, number>();
  for (const layer of layerTable(config)) {
    if (layer.kind !== 'conv' && layer.kind !== 'dense') continue;
    const { height, width } = shapes.get(layer.name)!;
    macs.set(layer.name, height * width * layer.kernel ** 2 * layer.cin * layer.cout);
  }
  return macs;
}
