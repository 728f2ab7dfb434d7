/** A network cut into what a page has a section for each. */
import { type DenseNetConfig, type Layer, layerTable, parameterTable } from '../../densenet/architecture.js';
import { sectionId, sectionTitle } from '../../densenet/trace/graph.js';
import type { LayerUnit, NetworkPart } from './inspectionData.js';

/** Stem, dense blocks and transitions in turn, head; padding is part of whoever reads it. */
export function networkParts(config: DenseNetConfig): NetworkPart[] {
  const sizes = new Map<string, number>();
  for (const { layer, size } of parameterTable(config)) sizes.set(layer, (sizes.get(layer) ?? 0) + size);
  const parts = new Map<string, { title: string; units: Map<string, Layer[]> }>();
  for (const layer of layerTable(config)) {
    if (layer.kind === 'zeropad') continue;
    const { section, stage } = layer;
    const id = sectionId(section, stage);
    const part = parts.get(id) ?? { title: sectionTitle(section, stage), units: new Map() };
    parts.set(id, part);
    const unit = section === 'dense' ? `conv${stage}_block${layer.block}` : '';
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
