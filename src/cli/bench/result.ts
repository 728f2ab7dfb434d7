/** What every bench does at its end: print, keep, draw, compare. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDocument } from '../../../bench/document/checkDocument.js';
import { type Comparison, compareDocuments } from '../../../bench/document/compare.js';
import { type BenchDocument, documentText, resultName } from '../../../bench/document/document.js';
import {
  comparisonTable,
  convolutionTable,
  groupTables,
  growthLines,
  modelTable,
  peaksLine,
  peersTable,
  pipelineTable,
  profileTable,
  scalingTable,
  shapeTable,
  type Table,
  torchTable,
  variantTable,
} from '../../../bench/document/tables.js';
import { benchPage } from '../../../bench/page/page.js';
import { DataError } from '../../core/errors.js';
import { plural } from '../../core/formatting.js';
import { checkAdding } from '../../core/outputs/addFiles.node.js';
import { FreeNames } from '../../core/outputs/safeNames.js';
import { checkFile, textKind } from '../../core/outputs/singleFile.node.js';
import { readRegularFile } from '../../core/readFile.node.js';
import { writeWhole } from '../../core/writeFile.node.js';
import type { CommandContext } from '../session/commandContext.js';
import type { Output } from '../terminal/output.js';
import { textTable } from '../terminal/output.js';
import type { ResultFlags } from './options.js';

/** Shapes and kernels on a terminal; files have all. */
const MOST_SHAPES = 10;
const MOST_KERNELS = 16;
/** A result has some 100 kB. */
const MOST_BYTES = 256 * 2 ** 20;

async function readText(path: string): Promise<string> {
  return new TextDecoder().decode(await readRegularFile(path, { limit: MOST_BYTES }));
}

/** @throws DataError naming the file */
export async function readJson(path: string): Promise<unknown> {
  const json = await readText(path);
  try {
    return JSON.parse(json) as unknown;
  } catch (cause) {
    throw new DataError(`${path} is no JSON: ${(cause as Error).message}.`, 'Give a JSON file.', { cause });
  }
}

/** @throws DataError for a file that no bench wrote, or that holds something else than it wrote */
export async function readDocument(path: string): Promise<BenchDocument> {
  return parseDocument(await readText(path), path);
}

export function sayTable(out: Output, { title, header, rows }: Table): void {
  out.say();
  out.say(`${title}:`);
  out.say(textTable(header, rows));
}

/** Everything that the document holds, for people. */
function sayDocument(out: Output, document: BenchDocument): void {
  const { peaks, kernels, model, peers } = document;
  if (peaks) out.say(peaksLine(peaks));
  if (kernels) {
    sayTable(out, shapeTable(kernels.rows, MOST_SHAPES));
    const shapes = new Set(kernels.rows.map(({ op, shape }) => `${op} ${shape}`)).size;
    if (shapes > MOST_SHAPES)
      out.say(`  ... ${shapes - MOST_SHAPES} more shapes with less time: --out, --html or --json`);
    sayTable(out, variantTable(kernels.totals));
    sayTable(out, profileTable('The step by kernel', kernels.step, MOST_KERNELS));
    sayTable(out, convolutionTable(kernels.convolutions));
    for (const { op, variant, why } of kernels.failed) out.say(`FAILED ${op}.${variant}, not timed: ${why}`);
  }
  if (model && model.rows.length > 0) sayTable(out, modelTable(model));
  for (const table of model ? groupTables(model, MOST_KERNELS) : []) sayTable(out, table);
  if (model && model.pipeline.length > 0) sayTable(out, pipelineTable(model.pipeline));
  if (model?.scaling) {
    sayTable(out, scalingTable(model.scaling));
    for (const line of growthLines(model.scaling)) out.say(`  ${line}`);
  }
  if (peers) sayTable(out, peersTable(peers));
  const torch = torchTable(document);
  if (torch && torch.rows.length > 0) sayTable(out, torch);
  else if (torch) out.say(torch.title);
}

function sayComparison(out: Output, comparison: Comparison, path: string): void {
  const { rows, gone, added, warnings } = comparison;
  for (const warning of warnings) out.warn(warning);
  const differing = rows.filter(({ verdict }) => verdict !== 'same');
  if (differing.length > 0) sayTable(out, comparisonTable(comparison));
  const same = rows.length - differing.length;
  out.say(`Against ${path}: ${plural(rows.length, 'figure')} in both, ${same} the same within the noise.`);
  if (gone.length > 0) out.say(`Only there: ${gone.length}, for example ${gone[0]}`);
  if (added.length > 0) out.say(`Only here: ${added.length}, for example ${added[0]}`);
}

const KINDS = {
  '.json': textKind('result of a bench', /"format":\s*"chexgpu bench"/),
  '.html': textKind('page of a bench', /<!doctype html>[\s\S]*chexgpu/i),
};
type Ending = keyof typeof KINDS;

const isFolder = (path: string): boolean => path.endsWith('/');

/**
 * Before anything is measured: whether the files asked for can be written; then what --compare names.
 * @param read files that the command reads
 * @throws DataError, UsageError
 */
export async function beforeMeasuring(
  { out, html, compare, overwrite }: ResultFlags,
  read: readonly string[] = [],
): Promise<BenchDocument | null> {
  const inputs = { paths: compare === undefined ? read : [...read, compare] };
  for (const [path, ending] of [
    [out, '.json'],
    [html, '.html'],
  ] as [string | undefined, Ending][]) {
    if (path === undefined) continue;
    if (isFolder(path)) await checkAdding(path, { inputs });
    else await checkFile(path, { inputs, overwrite, kind: KINDS[ending] });
  }
  return compare === undefined ? null : readDocument(compare);
}

/** Where a file goes: in a folder under the result's name, with a number where that is taken. */
async function place(path: string, document: BenchDocument, ending: Ending): Promise<string> {
  if (!isFolder(path)) return path;
  const names = new FreeNames(await readdir(path).catch(() => [] as string[]));
  return join(path, names.take(resultName(document), ending));
}

/** Prints the document, compares it, writes the files asked for. */
export async function finish(
  { out }: CommandContext,
  document: BenchDocument,
  older: BenchDocument | null,
  flags: ResultFlags,
): Promise<void> {
  sayDocument(out, document);
  const comparison = older && compareDocuments(older, document);
  if (comparison) sayComparison(out, comparison, flags.compare ?? '');
  if (flags.out !== undefined) {
    const file = await place(flags.out, document, '.json');
    await writeWhole(file, documentText(document));
    out.say(`Wrote ${file}`);
  }
  if (flags.html !== undefined) {
    const file = await place(flags.html, document, '.html');
    await writeWhole(file, await benchPage(document, comparison));
    out.say(`Wrote ${file}`);
  }
  out.document({ command: 'bench', ...document, ...(comparison && { comparison }) });
}
