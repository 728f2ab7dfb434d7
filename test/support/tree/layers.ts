/** The rules about imports, over an import graph. */
import { builtinModules } from 'node:module';
import { circles, type ImportGraph, reachable } from './importGraph.js';

/** A layer imports only from itself and from layers before it. */
export const LAYERS = [
  'core',
  'engine',
  'shaders',
  'verify',
  'lab',
  'training',
  'densenet',
  'data',
  'eval',
  'workflow',
  'bench',
  'cli',
];

/** Packages that work in Node only, or that no web page should be made to carry. */
const NODE_PACKAGES = [
  'webgpu',
  'sharp',
  'vega',
  'vega-lite',
  'cli-progress',
  'commander',
  'chexgpu-swiftshader',
];

function isNodeOnly(name: string): boolean {
  const names = (list: readonly string[]) =>
    list.some((entry) => name === entry || name.startsWith(`${entry}/`));
  return name.startsWith('node:') || names(builtinModules) || names(NODE_PACKAGES);
}

/** The bench lies beside src. Most of it runs in Node only; what pages take of it does not, or they are not built. */
const isNodeFile = (file: string) => file.endsWith('.node.ts') || /^(src\/cli|bench)\//.test(file);
const layerOf = (file: string) => LAYERS.indexOf(file.startsWith('bench/') ? 'bench' : file.split('/')[1]);

/** Every broken rule in one line each; empty when all are kept. */
export function brokenRules(graph: ImportGraph): string[] {
  const broken: string[] = [];
  for (const [file, imports] of graph) {
    const inLayer = file.split('/').length > 2 || file.startsWith('bench/');
    if (inLayer && layerOf(file) < 0) broken.push(`${file} is in no layer`);
    for (const { to, external, type } of imports) {
      if (external) {
        if (!type && isNodeOnly(to) && !isNodeFile(file) && file !== 'src/node.ts') {
          broken.push(`${file} imports ${to}, but is no *.node.ts`);
        }
      } else if (inLayer && (layerOf(to) < 0 || layerOf(to) > layerOf(file))) {
        broken.push(`${file} imports ${to}, from a later layer`);
      }
    }
  }
  for (const circle of circles(graph)) broken.push(`circle: ${circle}`);
  const ways = ['src/index.ts', 'src/lab.ts', 'src/phantoms.ts', 'src/reading.ts'].flatMap((door) => [
    ...reachable(graph, door),
  ]);
  for (const [to, way] of new Map(ways)) {
    if (isNodeFile(to) || to === 'src/node.ts' || (!graph.has(to) && isNodeOnly(to))) {
      broken.push(`the browser reaches ${to}: ${way.join(' > ')}`);
    }
  }
  return broken;
}
