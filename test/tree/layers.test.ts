import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { importGraph } from '../support/tree/importGraph.js';
import { brokenRules } from '../support/tree/layers.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A small tree in order; each case below breaks one rule in it. */
const TREE: Record<string, string> = {
  'src/index.ts': "export * from './densenet/model.js';\nexport type { Row } from './data/rows.js';",
  'src/node.ts': "export * from './engine/adapter.node.js';",
  'src/engine/gpu.ts': "import kernel from './k.wgsl';\nexport const gpu = kernel;",
  'src/engine/k.wgsl': '// text',
  'src/engine/adapter.node.ts': "import fs from 'node:fs';\nimport 'webgpu';\nexport const f = fs;",
  'src/densenet/model.ts': "import { gpu } from '../engine/gpu.js';\nexport const model = gpu;",
  'src/data/rows.ts': "import type { Spec } from 'vega';\nexport interface Row { spec: Spec }",
  'src/cli/main.ts':
    "import 'sharp';\nimport '../engine/adapter.node.js';\nimport type { Row } from '../data/rows.js';",
};

async function judge(changes: Record<string, string>): Promise<string[]> {
  const root = mkdtempSync(join(tmpdir(), 'chexgpu-layers-'));
  try {
    for (const [file, text] of Object.entries({ ...TREE, ...changes })) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), text);
    }
    return brokenRules(await importGraph(root));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

describe('the layers', () => {
  it('of this tree are in order', async () => {
    const graph = await importGraph(ROOT);
    expect(graph.size).toBeGreaterThan(30);
    expect(brokenRules(graph)).toEqual([]);
  });

  it('finds nothing in a tree in order', async () => {
    expect(await judge({})).toEqual([]);
  });

  const cases: [string, Record<string, string>, RegExp][] = [
    [
      'an import from a later layer',
      { 'src/engine/bad.ts': "import { model } from '../densenet/model.js';\nexport const m = model;" },
      /^src\/engine\/bad\.ts imports src\/densenet\/model\.ts, from a later layer$/,
    ],
    [
      'a type from a later layer',
      { 'src/engine/bad.ts': "import type {\n  Row,\n} from '../data/rows.js';\nexport type R = Row;" },
      /^src\/engine\/bad\.ts imports src\/data\/rows\.ts, from a later layer$/,
    ],
    [
      'an inline type from a later layer',
      { 'src/engine/bad.ts': "export type R = import('../data/rows.js').Row;" },
      /^src\/engine\/bad\.ts imports src\/data\/rows\.ts, from a later layer$/,
    ],
    [
      'an import of the entry from a layer',
      { 'src/data/bad.ts': "import '../index.js';" },
      /^src\/data\/bad\.ts imports src\/index\.ts, from a later layer$/,
    ],
    [
      'a circle',
      {
        'src/engine/a.ts': "import { b } from './b.js';\nexport const a = () => b;",
        'src/engine/b.ts': "import { a } from './a.js';\nexport const b = () => a;",
      },
      /^circle: src\/engine\/a\.ts > src\/engine\/b\.ts > src\/engine\/a\.ts$/,
    ],
    [
      'a circle that types close',
      {
        'src/engine/a.ts': "import { b } from './b.js';\nexport const a = b;",
        'src/engine/b.ts': "import type { a } from './a.js';\nexport const b = (x: typeof a) => x;",
      },
      /^circle: src\/engine\/a\.ts > src\/engine\/b\.ts > src\/engine\/a\.ts$/,
    ],
    [
      'a Node builtin outside a *.node.ts',
      { 'src/data/bad.ts': "import { join } from 'path';\nexport const j = join;" },
      /^src\/data\/bad\.ts imports path, but is no \*\.node\.ts$/,
    ],
    [
      'a Node-only package outside a *.node.ts, loaded late',
      { 'src/data/bad.ts': "export const load = () => import('sharp');" },
      /^src\/data\/bad\.ts imports sharp, but is no \*\.node\.ts$/,
    ],
    [
      'a *.node.ts within reach of the browser',
      { 'src/densenet/model.ts': "export const model = () => import('../engine/adapter.node.js');" },
      /^the browser reaches src\/engine\/adapter\.node\.ts: src\/index\.ts > src\/densenet\/model\.ts > /,
    ],
    [
      'a layer that nobody knows',
      { 'src/cellar/x.ts': 'export const x = 1;' },
      /^src\/cellar\/x\.ts is in no layer/,
    ],
  ];
  it.each(cases)('finds %s', async (_, changes, message) => {
    const broken = await judge(changes);
    expect(broken.filter((line) => message.test(line))).toHaveLength(1);
  });
});
