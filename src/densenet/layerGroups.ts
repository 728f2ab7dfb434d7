/**
 * The layer table cut into what a pass is recorded from: the stem, the layers of each dense block, the transitions, the
 * head; and each of these into the operations that are dispatched. Padding, batch norm and ReLU are no dispatches of
 * their own: they belong to the operation behind them, which applies them while it reads.
 */
import type { ConvShape } from '../shaders/conv/conv.js';
import { type DenseNetConfig, type Layer, layerTable, type Section } from './architecture.js';

export interface Operation {
  /** A convolution, a pool, the concatenation or the dense layer; a batch norm that nothing follows in its group. */
  readonly layer: Layer;
  /** The batch norm in front of it. */
  readonly norm?: Layer;
  /** The ReLU in front of it, behind the batch norm. */
  readonly relu?: Layer;
  /** Kernel and stride of the layer; its padding and that of a zeropad layer in front. */
  readonly window: ConvShape;
}

/** Operations that stand together in the table, in their order. */
export type LayerGroup = readonly Operation[];

export interface LayerGroups {
  readonly stem: LayerGroup;
  /** The dense layers of each block. */
  readonly blocks: readonly (readonly LayerGroup[])[];
  /** Behind each block but the last. */
  readonly transitions: readonly LayerGroup[];
  readonly head: LayerGroup;
}

export function layerGroups(config: DenseNetConfig): LayerGroups {
  const groups = new Map<string, Layer[]>();
  for (const layer of layerTable(config)) {
    const { section, stage, block } = layer;
    const key = `${section} ${stage} ${block}`;
    groups.set(key, [...(groups.get(key) ?? []), layer]);
  }
  const ofSection = (section: Section) => [...groups.values()].filter(([first]) => first.section === section);
  const stages = new Set(ofSection('dense').map(([{ stage }]) => stage));
  const ofStage = (stage: number) => ofSection('dense').filter(([first]) => first.stage === stage);
  return {
    stem: ofSection('stem').map(operations)[0],
    blocks: [...stages].map((stage) => ofStage(stage).map(operations)),
    transitions: ofSection('transition').map(operations),
    head: ofSection('head').map(operations)[0],
  };
}

function operations(layers: readonly Layer[]): LayerGroup {
  const found: Operation[] = [];
  let front: { norm?: Layer; relu?: Layer; padding: number } = { padding: 0 };
  for (const [i, layer] of layers.entries()) {
    const { kind, kernel, stride, pad } = layer;
    const last = i === layers.length - 1;
    if (kind === 'input') continue;
    if (kind === 'zeropad') front.padding = pad;
    else if (kind === 'relu') front.relu = layer;
    else if (kind === 'batchnorm' && !last) front.norm = layer;
    else {
      const { norm, relu, padding } = front;
      found.push({ layer, norm, relu, window: { kernel, stride, pad: pad + padding } });
      front = { padding: 0 };
    }
  }
  return found;
}
