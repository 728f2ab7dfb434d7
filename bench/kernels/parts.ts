/** Parts of a network, by the layers that dispatches are for: what a race of kernels can be limited to. */
import { type DenseNetConfig, layerTable } from '../../src/densenet/architecture.js';

type Labelled = { readonly label: string };

/** What belongs to no layer: normalising images, the loss. */
export const OUTSIDE = 'input and loss';

/** Parts of a network from front to back: `stem`, `dense block 1`, `transition 1`, ..., `head`, and what is outside. */
export function partsOf(config: DenseNetConfig): string[] {
  return [...new Set(byLayerName(config).values()), OUTSIDE];
}

/**
 * To which part of the network a dispatch belongs.
 * @returns a function of dispatches, whose labels are layers' names (`conv2_block1_1_conv`) or, for what several layers
 *   share, one of these and more (`conv2_block6_2_conv and on`) or a block's (`block2`)
 */
export function partFinder(config: DenseNetConfig): (dispatch: Labelled) => string {
  const names = byLayerName(config);
  return ({ label }) => {
    const [first] = label.split(' ');
    const known = names.get(first);
    if (known) return known;
    const block = /^block(\d+)/.exec(first);
    return block ? `dense block ${Number(block[1]) - 1}` : OUTSIDE;
  };
}

function byLayerName(config: DenseNetConfig): Map<string, string> {
  return new Map(
    layerTable(config)
      .filter(({ kind }) => kind !== 'input')
      .map(({ name, section, stage }) => {
        const numbered = section === 'dense' ? `dense block ${stage - 1}` : `${section} ${stage - 1}`;
        return [name, section === 'stem' || section === 'head' ? section : numbered];
      }),
  );
}
