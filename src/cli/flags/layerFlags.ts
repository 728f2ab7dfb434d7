/** The flags of what learns and how fast: layers that are frozen, rates of their own. */
import { type Command, Option } from 'commander';
import { UsageError } from '../../core/errors.js';
import {
  checkFactor,
  checkLayers,
  completeLayers,
  FROZEN_NORMS,
  type LayerSettings,
} from '../../training/layers/layerSettings.js';
import { numberIn, parser } from './flagText.js';

export type LayerFlags = Partial<LayerSettings>;

export function addLayerOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--freeze <layers>',
        'layers that do not learn, as conv1,conv2,pool2: by name, block, pattern with *, base (all but the head) or ' +
          'head; may be given again (default: none)',
      ).argParser((text: string, before: string[] = []) => [...before, ...parser(names)(text)]),
    )
    .addOption(
      new Option(
        '--frozen-norms <statistics>',
        "frozen batch norms by their moving averages (inference, as Keras) or the batch's statistics (default: " +
          'inference)',
      ).choices(FROZEN_NORMS),
    )
    .addOption(
      new Option(
        '--rate-of <layers=factor>',
        'factor on the learning rate of layers, as conv1=0.1,conv2=0.3; of several that mean a layer the last holds; ' +
          'may be given again (default: 1)',
      ).argParser((text: string, before: Record<string, number> = {}) =>
        Object.fromEntries(inLastPlace([...Object.entries(before), ...parser(rates)(text)])),
      ),
    );
}

/** @throws UsageError for an empty place */
function names(text: string): string[] {
  const list = text.split(',').map((name) => name.trim());
  if (list.every((name) => name !== '')) return list;
  throw new UsageError(`There is an empty name in '${text}'.`);
}

/** @throws UsageError for what is no layers=factor */
function rates(text: string): [layers: string, factor: number][] {
  return names(text).map((pair) => {
    const [layers, factor, ...more] = pair.split('=').map((part) => part.trim());
    if (!layers || !factor || more.length > 0) {
      throw new UsageError(`'${pair}' is no layers=factor, as conv1=0.1.`);
    }
    return [layers, checkFactor(layers, numberIn(factor))];
  });
}

/** Of layers that are named again only the last: an object would keep their first place. */
const inLastPlace = <T>(pairs: [string, T][]) =>
  pairs.filter(([layers], i) => !pairs.slice(i + 1).some(([later]) => later === layers));

export const layersOf = (flags: LayerFlags): LayerSettings => completeLayers(checkLayers(flags));
