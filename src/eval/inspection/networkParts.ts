/** A network cut into what a page has a section for each. */
import { type DenseNetConfig, type Layer, layerTable, parameterTable } from '../../densenet/architecture.js';
import type { LayerUnit, NetworkPart } from './inspectionData.js';

/** Stem, dense blocks and transitions in turn, head; padding is part of whoever reads it. */
export function networkParts(config: DenseNetConfig): NetworkPart[] {
  const sizes = new Map<string, number>();
  for (const { layer, size } of parameterTable(config)) sizes.set(layer, (sizes.get(layer) ?? 0) + size);
  const parts = new Map<string, { title: string; units: Map<string, Layer[]> }>();
  for (const layer of layerTable(config)) {
    if (layer.kind === 'zeropad') continue;
    const { id, title } = partOf(layer);
    const part = parts.get(id) ?? { title, units: new Map() };
    parts.set(id, part);
    const unit = layer.section === 'dense' ? `conv${layer.stage}_block${layer.block}` : '';
    part.units.set(unit, [...(part.units.get(unit) ?? []), layer]);
  }
  return [...parts].map(([id, { title, units }]) => ({
    id,
    title,
    units: [...units].map(
      ([unit, layers]): LayerUnit => ({
        title: unit,
        layers: layers.map(({ name, kind, kernel, stride }) => {
          const parameters = sizes.get(name) ?? 0;
          return { name, kind, kernel, stride, parameters };
        }),
      }),
    ),
  }));
}

function partOf({ section, stage }: Layer): { id: string; title: string } {
  if (section === 'dense') return { id: `block${stage - 1}`, title: `Dense block ${stage - 1}` };
  if (section === 'transition') return { id: `transition${stage - 1}`, title: `Transition ${stage - 1}` };
  return section === 'stem' ? { id: 'stem', title: 'Stem' } : { id: 'head', title: 'Head' };
}
