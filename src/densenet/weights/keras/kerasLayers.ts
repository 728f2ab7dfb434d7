/**
 * The layers in the JSON that `model.save` writes (`model_config`), in any Keras' dialect, laid out flat: models
 * inside models are opened, and each layer knows which ones it reads.
 */

/** A layer as the file says it. */
export interface SavedLayer {
  /** Unique in the file: names of the models around it, then its own. */
  key: string;
  name: string;
  className: string;
  settings: Readonly<Record<string, unknown>>;
  /** Keys of the layers it reads, where the file says. */
  inputs: readonly string[];
}

export interface SavedModel {
  /** In the file's order, inputs of inner models left out. */
  layers: SavedLayer[];
  /** What to read in place of a key: the output of an inner model, the input that it gets. */
  aliases: Map<string, readonly string[]>;
}

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Models within models; deeper ones are no network of ours. */
const DEEPEST = 16;

/** @throws SyntaxError where the text is no JSON or no model's; the caller knows the file's name */
export function savedModel(json: string): SavedModel {
  const model: unknown = JSON.parse(json);
  const saved: SavedModel = { layers: [], aliases: new Map() };
  addModel(saved, model, '', [], 0);
  return saved;
}

/** The list of layers: Sequential models of Keras 1 and early 2 have nothing around it. */
function listOf(model: unknown): unknown[] | undefined {
  const config = isObject(model) ? model.config : undefined;
  const layers = isObject(config) ? config.layers : config;
  return Array.isArray(layers) ? layers : undefined;
}

/** @returns the keys of the model's outputs */
function addModel(
  saved: SavedModel,
  model: unknown,
  scope: string,
  outer: readonly string[],
  depth: number,
): readonly string[] {
  const list = listOf(model);
  if (!list) throw new SyntaxError('it is no description of a Keras model');
  if (depth > DEEPEST) throw new SyntaxError(`its models are nested more than ${DEEPEST} deep`);
  const isSequential = isObject(model) && model.class_name === 'Sequential';
  let last: readonly string[] = outer;
  for (const entry of list) {
    if (!isObject(entry) || typeof entry.class_name !== 'string') {
      throw new SyntaxError('one of its layers has no class_name');
    }
    const settings = isObject(entry.config) ? entry.config : {};
    const name = String(entry.name ?? settings.name ?? entry.class_name);
    const key = scope + name;
    const inputs = isSequential ? last : namesIn(entry.inbound_nodes).map((input) => scope + input);
    last = [key];
    if (listOf(entry)) {
      saved.aliases.set(key, addModel(saved, entry, `${key}/`, inputs, depth + 1));
    } else if (entry.class_name === 'InputLayer' && depth > 0) {
      saved.aliases.set(key, outer);
    } else {
      saved.layers.push({ key, name, className: entry.class_name, settings, inputs });
    }
  }
  const outputs = isObject(model) && isObject(model.config) ? namesIn(model.config.output_layers) : [];
  return outputs.length > 0 ? outputs.map((name) => scope + name) : last;
}

/**
 * Names in the lists that say what a layer reads: ['name', 0, 0, {}] up to Keras 2, tensors with a keras_history
 * in Keras 3; one or several, in lists of lists.
 */
function namesIn(nodes: unknown, depth = 0): string[] {
  if (depth > DEEPEST) return [];
  if (Array.isArray(nodes)) {
    if (typeof nodes[0] === 'string') return Number.isInteger(nodes[1]) ? [nodes[0]] : [];
    return nodes.flatMap((node) => namesIn(node, depth + 1));
  }
  if (!isObject(nodes)) return [];
  if (isObject(nodes.config) && Array.isArray(nodes.config.keras_history)) {
    return [String(nodes.config.keras_history[0])];
  }
  return namesIn(nodes.args, depth + 1);
}
