/** test/ mirrors src/, bench/ and scripts/ file by file; journeys over many files lie in test/journeys. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { importGraph, reachable } from '../support/tree/importGraph.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** From so many lines of program on, types and comments aside, a file has a test of its own. */
const OWN_TEST_FROM = 61;
/** Tests of no single file. */
const ELSEWHERE = /^test\/(journeys|tree|parity|goldenRun|browser|examples|package)\//;

/**
 * Files, and folders with all that is in them, that are tested by their use: by a test that computes with them and
 * checks what comes out.
 */
const COVERED: Readonly<Record<string, string>> = {
  // Every operation on its cases against its reference.
  'src/shaders/': 'test/verify/selfTest.test.ts',
  'src/engine/tuning/measureChoices.ts': 'test/engine/tuning/tuner.test.ts',
  'src/engine/timing/dispatchTimes.ts': 'test/engine/timing/profile.test.ts',
  'src/engine/timing/profileTrace.ts': 'test/engine/timing/profile.test.ts',
  'src/engine/timing/stopwatch.ts': 'test/engine/timing/race.test.ts',
  'src/engine/device/ownFolder.node.ts': 'test/engine/device/archiveCache.node.test.ts',
  // Model and network against the whole network in float64.
  'src/training/model/model.ts': 'test/densenet/network.test.ts',
  'src/training/model/parameters.ts': 'test/densenet/network.test.ts',
  'src/training/model/predictor.ts': 'test/densenet/network.test.ts',
  'src/training/inspection/': 'test/training/inspection/inspect.test.ts',
  'src/densenet/block.ts': 'test/densenet/network.test.ts',
  'src/densenet/bottlenecks.ts': 'test/densenet/network.test.ts',
  'src/densenet/denseLayer.ts': 'test/densenet/network.test.ts',
  'src/densenet/norm.ts': 'test/densenet/network.test.ts',
  'src/densenet/trace/': 'test/densenet/trace/traceNumber.test.ts',
  'src/densenet/weights/hdf5/hdf5.ts': 'test/densenet/weights/keras/kerasRead.test.ts',
  'src/densenet/weights/keras/kerasFiles.ts': 'test/densenet/weights/formats.test.ts',
  'src/densenet/weights/keras/kerasLayout.ts': 'test/densenet/weights/keras/kerasRead.test.ts',
  'src/densenet/weights/keras/kerasModelConfig.ts': 'test/densenet/weights/keras/kerasArchitecture.test.ts',
  'src/densenet/weights/keras/kerasSettings.ts': 'test/densenet/weights/keras/kerasArchitecture.test.ts',
  'src/densenet/weights/numpy/npzFiles.ts': 'test/densenet/weights/numpy/npzFormat.test.ts',
  'src/densenet/weights/numpy/npz.ts': 'test/densenet/weights/numpy/npzFormat.test.ts',
  'src/core/parallel/threadPool.node.ts': 'test/data/images/decodePool.node.test.ts',
  'src/core/outputs/addFiles.node.ts': 'test/journeys/files/fullDisk.test.ts',
  'src/core/outputs/journal.node.ts': 'test/core/outputs/claim.node.test.ts',
  // Every trouble of a folder made on purpose.
  'src/data/checks/': 'test/data/checks/checkData.test.ts',
  'src/data/checks/chestFeatures.ts': 'test/data/checks/frontalChest.test.ts',
  'src/data/images/canvas/decodeBlob.ts': 'test/browser/library.test.ts',
  // Every organ and finding in the pictures that are drawn of them.
  'src/data/phantoms/': 'test/data/phantoms/drawPhantom.test.ts',
  'src/data/tables/imageFiles.node.ts': 'test/workflow/data/dataset.node.test.ts',
  'src/eval/report/': 'test/eval/report/writeReport.node.test.ts',
  'src/eval/trace/': 'test/cli/commands/explain/trace.test.ts',
  'src/eval/inspection/': 'test/eval/inspection/inspectionPage.test.ts',
  'src/workflow/prediction/predictRows.node.ts': 'test/journeys/commands/oddTables.test.ts',
  'src/workflow/results/': 'test/cli/commands/run.test.ts',
  'src/training/training.ts': 'test/training/checkpoint.test.ts',
  'src/training/predictAll.ts': 'test/journeys/model/hostileInputs.test.ts',
  'src/workflow/training/trainingPictures.node.ts': 'test/journeys/commands/tensorBoard.test.ts',
  'scripts/howItWorks/': 'test/scripts/howItWorks/pictures.test.ts',
  'src/workflow/weights/readBytes.ts': 'test/workflow/weights/loadWeights.test.ts',
  'src/workflow/weights/weightsLoader.ts': 'test/workflow/weights/loadWeights.test.ts',
  'src/workflow/weights/checkpoint.node.ts': 'test/workflow/training/trainNetwork.test.ts',
  'src/workflow/training/trainToCheckpoint.node.ts': 'test/journeys/commands/whatIsNotOurs.test.ts',
  'src/cli/bench/': 'test/cli/commands/bench.test.ts',
  'src/data/generator/splitGenerators.node.ts': 'test/data/generator/generator.test.ts',
  'src/cli/commands/convert.ts': 'test/journeys/commands/torchWeights.test.ts',
  'src/cli/commands/evaluate.ts': 'test/journeys/commands/twoModels.test.ts',
  'src/cli/commands/doctor.ts': 'test/cli/commands/run.test.ts',
  'src/cli/commands/explain/gradcam.ts': 'test/journeys/commands/whatIsNotOurs.test.ts',
  'src/cli/commands/predict.ts': 'test/journeys/commands/oddTables.test.ts',
  'src/cli/commands/split.ts': 'test/workflow/data/splitTable.node.test.ts',
  'src/cli/lab/judgeShader.ts': 'test/cli/commands/lab.test.ts',
  'src/cli/session/pointing.ts': 'test/cli/commands/run.test.ts',
  'src/cli/session/runFolder.ts': 'test/cli/commands/run.test.ts',
  // Ctrl-C, once and twice.
  'src/cli/terminal/interrupts.ts': 'test/cli/commands/lab.test.ts',
  'src/cli/terminal/output.ts': 'test/journeys/commands/oddTables.test.ts',
  'scripts/bundleWeb.mjs': 'test/browser/reader.test.ts',
  'scripts/chestCheck/pictures.ts': 'test/data/checks/frontalChest.test.ts',
  'scripts/package/shaders.mjs': 'test/scripts/package/modules.test.ts',
  'scripts/processIdentity.mjs': 'test/scripts/setup.test.ts',
  'scripts/setupLock.mjs': 'test/scripts/setup.test.ts',
  'bench/embedding/files/modelFiles.ts': 'test/bench/embedding/pages/site.test.ts',
  'bench/embedding/pages/servePages.ts': 'test/bench/embedding/pages/site.test.ts',
  'bench/page/': 'test/bench/page/page.test.ts',
  'bench/peers/engines/tfjsNetwork.mjs': 'test/bench/peers/racePeers.test.ts',
  'bench/peers/onnxGraph.ts': 'test/bench/peers/onnx.test.ts',
  'bench/peers/turns.ts': 'test/bench/peers/runJob.test.ts',
};

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

function filesBelow(folder: string, ending: RegExp): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && ending.test(entry.name))
    .map((entry) =>
      join(entry.parentPath ?? entry.path, entry.name)
        .slice(ROOT.length)
        .replaceAll('\\', '/'),
    )
    .filter((file) => !file.includes('/node_modules/'))
    .sort();
}

const TESTS = filesBelow('test', /\.test\.ts$/);
const SOURCES = ['src', 'bench', 'scripts']
  .flatMap((folder) => filesBelow(folder, /\.(ts|mjs)$/))
  .filter((file) => !/\.d\.m?ts$/.test(file));

/** src/core/work.ts -> test/core/work.test.ts, bench/page/page.ts -> test/bench/page/page.test.ts */
const testOf = (source: string) => `test/${source.replace(/^src\//, '').replace(/\.(ts|mjs)$/, '')}.test.ts`;

/** Lines of program, with types and comments away. */
const programLines = (file: string) =>
  transformSync(read(file), { loader: file.endsWith('.ts') ? 'ts' : 'js' }).code.split('\n').length - 1;

const LARGE = SOURCES.filter((file) => programLines(file) >= OWN_TEST_FROM);
const WITHOUT = LARGE.filter((file) => !existsSync(join(ROOT, testOf(file))));
/** The entry that stands for a file: its own, else that of the innermost folder around it. */
const entryOf = (file: string) =>
  Object.keys(COVERED)
    .filter((entry) => entry === file || (entry.endsWith('/') && file.startsWith(entry)))
    .sort((a, b) => b.length - a.length)[0];

describe('the tests', () => {
  it('name the file that they test, unless they are journeys', () => {
    const mirrored = new Set(SOURCES.map(testOf));
    expect(TESTS.length).toBeGreaterThan(100);
    expect(TESTS.filter((test) => !mirrored.has(test) && !ELSEWHERE.test(test))).toEqual([]);
  });
});

describe('the sources', () => {
  it('that are large have a test of their own, or stand in the list of those tested by their use', () => {
    expect(LARGE.length).toBeGreaterThan(100);
    expect(WITHOUT.filter((file) => !entryOf(file))).toEqual([]);
  });

  it('stand in the list only where they have none', () => {
    const used = new Set(WITHOUT.map(entryOf));
    expect(Object.keys(COVERED).filter((entry) => !used.has(entry))).toEqual([]);
  });

  it('are reached by the tests that the list names', async () => {
    const graph = await importGraph(ROOT, 'test', { types: false });
    for (const [file, imports] of await importGraph(ROOT, 'src', { types: false })) graph.set(file, imports);
    // Run as a program of its own.
    graph.get('test/support/programs/cli.ts')?.push({ to: 'src/cli/main.ts', external: false, type: false });
    // Bundled for a page.
    graph.get('test/browser/library.test.ts')?.push({ to: 'src/index.ts', external: false, type: false });
    const ways = new Map([...new Set(Object.values(COVERED))].map((test) => [test, reachable(graph, test)]));
    const missed = WITHOUT.filter((file) => file.endsWith('.ts'))
      .map((file) => [file, COVERED[entryOf(file)]])
      .filter(([file, test]) => !existsSync(join(ROOT, test)) || !ways.get(test)?.has(file));
    expect(missed).toEqual([]);
  });
});
