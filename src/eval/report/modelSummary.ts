/** The network as a table of stages for the report, read off the architecture. */
import {
  countParameters,
  type DenseNetConfig,
  type Layer,
  layerMacs,
  layerTable,
  outputShapes,
  parameterTable,
} from '../../densenet/architecture.js';
import type { ModelStage, ModelSummary } from './reportData.js';

function stageName(layer: Layer): string {
  switch (layer.section) {
    case 'stem':
      return 'Stem';
    case 'dense':
      return `Dense block ${layer.stage - 1}`;
    case 'transition':
      return `Transition ${layer.stage - 1}`;
    case 'head':
      return 'Head';
  }
}

function stageDetail(layers: Layer[], config: DenseNetConfig): string {
  const { growthRate: k, bottleneck, classes, activation } = config;
  const norm = layers.some((l) => l.kind === 'batchnorm') ? 'batch norm' : '';
  const list = (...parts: string[]) => parts.filter((part) => part !== '').join(', ');
  switch (layers[0].section) {
    case 'stem':
      if (config.stem === 'cifar') return list('3×3 convolution', norm);
      return '7×7/2 convolution, batch norm, ReLU, 3×3/2 max pool';
    case 'dense': {
      const first = bottleneck > 0 ? `1×1 to ${bottleneck * k}` : '';
      return `${Math.max(...layers.map((l) => l.block))} × (${list(first, `3×3 to ${k} channels`)})`;
    }
    case 'transition':
      return list('1×1 convolution', '2×2/2 average pool', config.norms === 'block' ? norm : '');
    case 'head': {
      const outputs = activation === 'softmax' ? `softmax of ${classes}` : `${classes} sigmoids`;
      return list(norm, 'ReLU', 'global average pool', 'dense', outputs);
    }
  }
}

/**
 * Stages of the network for a size x size image.
 * @param weights where the weights came from, in words
 * @throws UsageError if the network cannot take this size
 */
export function modelSummary(config: DenseNetConfig, size: number, weights: string): ModelSummary {
  const layers = layerTable(config);
  const shapes = outputShapes(config, size);
  const macs = layerMacs(config, size);
  const parameters = new Map<string, number>();
  for (const p of parameterTable(config)) parameters.set(p.layer, (parameters.get(p.layer) ?? 0) + p.size);

  const stages: ModelStage[] = [];
  for (const name of new Set(layers.map(stageName))) {
    const members = layers.filter((layer) => stageName(layer) === name);
    const shape = shapes.get(members[members.length - 1].name);
    if (!shape) continue;
    const sum = (of: Map<string, number>) => members.reduce((total, l) => total + (of.get(l.name) ?? 0), 0);
    stages.push({
      name,
      detail: stageDetail(members, config),
      output: [shape.height, shape.width, shape.channels],
      layers: members.length,
      parameters: sum(parameters),
      macs: sum(macs),
    });
  }
  return {
    name: config.name,
    weights,
    input: [size, size, config.inputChannels],
    layers: layers.length,
    parameters: countParameters(config),
    macs: stages.reduce((total, s) => total + s.macs, 0),
    stages,
  };
}
