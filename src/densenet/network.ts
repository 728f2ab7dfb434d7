/**
 * DenseNet as the runtime knows it: names and shapes of the table, and the passes recorded from it part by part:
 *
 *   image -> stem -> dense layers -> transition -> dense layers -> ... -> head -> logits
 *
 * Each part records its forward pass and hands back how the gradient goes back through it; the backward pass is the
 * parts from last to first.
 */
import type { Tensor } from '../engine/plan/tensor.js';
import { outputSide } from '../shaders/conv/shape.js';
import { Learning } from '../training/layers/learning.js';
import type { MapSize, Network, RecordedNetwork } from '../training/network.js';
import {
  type DenseNetConfig,
  layerTable,
  outputShapes,
  parameterTable,
  sizeMultiple,
} from './architecture.js';
import { type Block, type BlockPlan, NormedBlock } from './block.js';
import { recordDenseLayer } from './denseLayer.js';
import { type RecordedHead, recordHead } from './head.js';
import { type LayerGroup, layerGroups } from './layerGroups.js';
import * as normPerBlock from './normPerBlock.js';
import type { Pass, RecordedPart } from './pass.js';
import { recordStem } from './stem.js';
import { recordTransition } from './transition.js';

/** @param config checked: of `densenetConfig` or `checkedConfig` */
export function densenetNetwork(config: DenseNetConfig): Network {
  const { name, inputChannels, classes, activation, bnEpsilon: epsilon } = config;
  const layers = layerTable(config);
  const parameters = parameterTable(config);
  const norms = layers.filter(({ kind }) => kind === 'batchnorm');
  const order = layers.map(({ name }) => name);
  return {
    name,
    inputChannels,
    classes,
    activation,
    sizeMultiple: sizeMultiple(config),
    parameters,
    layers,
    batchNorms: norms.map(({ name, cout }) => ({ name, channels: cout, epsilon })),
    mapSizes: () => mapSizes(config),
    record(plan, memory, image, mode, keep = false) {
      const training = mode.kind === 'training';
      const learning = new Learning({ parameters }, order, mode);
      const kernels = mode.kind === 'training' ? mode.kernels : undefined;
      const pass = { config, plan, parameters: memory, mode, training, kernels, learning, keep };
      return config.norms === 'layer'
        ? record(NORM_PER_LAYER, pass, image)
        : record(NORM_PER_BLOCK, pass, image);
    },
  };
}

/** How each part of a network is recorded. */
interface Recorders<B extends Block> {
  block: new (pass: Pass, blockPlan: BlockPlan) => B;
  stem(pass: Pass, group: LayerGroup, image: Tensor, block: B): RecordedPart;
  denseLayer(pass: Pass, group: LayerGroup, block: B): RecordedPart;
  transition(pass: Pass, group: LayerGroup, from: B, to: B): RecordedPart;
  head(pass: Pass, group: LayerGroup, block: B): RecordedHead;
}

const NORM_PER_LAYER: Recorders<NormedBlock> = {
  block: NormedBlock,
  stem: recordStem,
  denseLayer: recordDenseLayer,
  transition: recordTransition,
  head: recordHead,
};

const NORM_PER_BLOCK: Recorders<normPerBlock.ActivatedBlock> = {
  block: normPerBlock.ActivatedBlock,
  stem: normPerBlock.recordStem,
  denseLayer: normPerBlock.recordDenseLayer,
  transition: normPerBlock.recordTransition,
  head: normPerBlock.recordHead,
};

function record<B extends Block>(recorders: Recorders<B>, pass: Pass, image: Tensor): RecordedNetwork {
  const { stem, blocks, transitions, head } = layerGroups(pass.config);
  /** The buffer of block `index`, behind the stem or a transition that reads x. */
  const open = (index: number, behind: LayerGroup, x: Tensor): B => {
    const [images, h, w] = x.shape;
    const sideBehind = (side: number) => behind.reduce((n, { window }) => outputSide(n, window), side);
    const [height, width] = [sideBehind(h), sideBehind(w)];
    const keep = pass.keep || index === blocks.length - 1; // Grad-CAM reads the last one
    const reader = transitions[index] ?? head;
    return new recorders.block(pass, { layers: blocks[index], reader, images, height, width, keep });
  };

  let block = open(0, stem, image);
  const opened = [block];
  const recorded: RecordedPart[] = [];
  const add = (group: LayerGroup, part: RecordedPart) => {
    const { name } = group[group.length - 1].layer;
    const backward = () => (pass.learning.reaches(name) ? part.backward() : undefined);
    recorded.push({ maps: part.maps, backward });
  };
  add(stem, recorders.stem(pass, stem, image, block));
  for (const [index, layers] of blocks.entries()) {
    for (const layer of layers) add(layer, recorders.denseLayer(pass, layer, block));
    if (index === blocks.length - 1) break;
    const next = open(index + 1, transitions[index], block.features);
    add(transitions[index], recorders.transition(pass, transitions[index], block, next));
    opened.push(next);
    block = next;
  }
  const { logits, cam, maps, backward } = recorders.head(pass, head, block);

  return {
    logits,
    cam,
    maps: [...recorded.flatMap((part) => part.maps), ...maps],
    recordBackward(dlogits) {
      backward(dlogits);
      for (const part of recorded.toReversed()) part.backward();
      // Of the block in which the gradient stops.
      for (const one of opened) one.endLayers();
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
