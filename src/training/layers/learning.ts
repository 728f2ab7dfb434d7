/**
 * What of a training pass learns, and how far back its gradient has to go: not in front of the first layer that does.
 * A frozen layer gets no gradient of its own; a frozen batch norm goes by its moving averages, unless they are to be
 * those of the batches all the same.
 */
import type { ForwardMode } from '../network.js';
import type { ParameterTable } from '../parameterSpec.js';

export class Learning {
  /** In the order of computation. */
  private readonly places: ReadonlyMap<string, number>;
  private readonly first: number;

  /** @param order names of all layers, in which each stands behind those that it reads */
  constructor(
    { parameters }: Pick<ParameterTable, 'parameters'>,
    order: readonly string[],
    private readonly mode: ForwardMode,
  ) {
    this.places = new Map(order.map((name, place) => [name, place]));
    const learning = parameters.filter(({ layer }) => this.learns(layer));
    this.first = Math.min(...learning.map(({ layer }) => this.places.get(layer)!));
  }

  /** Whether the layer's own tensors get a gradient. */
  learns(layer: string): boolean {
    return this.mode.kind === 'training' && !this.mode.frozen?.layers.has(layer);
  }

  /** Whether anything up to this layer learns: the gradient of its output is needed. */
  reaches(layer: string): boolean {
    return this.first <= this.places.get(layer)!;
  }

  /** Whether anything in front of this layer learns: the gradient of its input is needed. */
  goesThrough(layer: string): boolean {
    return this.first < this.places.get(layer)!;
  }

  /** Whether a batch norm goes by the statistics of the batch. */
  usesBatch(norm: string): boolean {
    const { mode } = this;
    return mode.kind === 'training' && (this.learns(norm) || mode.frozen?.norms === 'training');
  }
}
