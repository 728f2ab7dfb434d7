/** `chexgpu bench show`: results that were kept, printed, drawn and compared by bench/document and bench/page. */
import { InvalidArgumentError } from 'commander';
import { mergeDocuments } from '../../../bench/document/document.js';
import { UsageError } from '../../core/errors.js';
import { define } from '../defineCommand.js';
import type { CommandContext } from '../session/commandContext.js';
import { addResultOptions, type ResultFlags } from './options.js';
import { beforeMeasuring, finish, readDocument, readJson } from './result.js';

type Attached = [name: string, file: string];

interface ShowFlags extends ResultFlags {
  attach: Attached[];
}

function attached(text: string, before: Attached[]): Attached[] {
  const at = text.indexOf('=');
  if (at < 1 || at === text.length - 1) throw new InvalidArgumentError('Give NAME=FILE.');
  return [...before, [text.slice(0, at), text.slice(at + 1)]];
}

async function show(context: CommandContext, flags: ShowFlags, files: readonly string[]): Promise<number> {
  if (files.length === 0) throw new UsageError('There is nothing to show.', 'Give files that --out wrote.');
  const older = await beforeMeasuring(flags, files);
  const documents = await Promise.all(files.map(readDocument));
  const adapters = [...new Set(documents.map(({ adapter }) => adapter.name))];
  if (adapters.length > 1) {
    throw new UsageError(
      `These results are of different adapters: ${adapters.join('; ')}.`,
      'Show one adapter at a time, or use --compare.',
    );
  }
  const document = mergeDocuments(documents);
  for (const [name, file] of flags.attach)
    document.others = { ...document.others, [name]: await readJson(file) };
  await finish(context, document, older, flags);
  return 0;
}

export const benchShowCommand = define<ShowFlags>({
  name: 'show',
  description:
    'Prints results that were kept with --out, several of one adapter as one; draws and compares them.',
  examples: [
    ['chexgpu bench show bench.json --html bench.html', 'a page of what was measured before'],
    ['chexgpu bench show kernels.json model.json peers.json --out all.json', 'one document of three'],
    ['chexgpu bench show after.json --compare before.json', 'two runs side by side'],
  ],
  flags: (command) =>
    addResultOptions(
      command
        .argument('[files...]', 'JSON files')
        .option('--attach <name=file>', "another program's JSON, to be kept with the result", attached, []),
    ),
  action: show,
});
