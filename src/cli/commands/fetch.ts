/** `chexgpu fetch`: public weight files, checked, into weights/. */
import { whole } from '../../core/formatting.js';
import {
  FETCHABLE,
  type FetchOptions,
  fetchableWeights,
  fetchWeights,
} from '../../workflow/weights/fetchWeights.node.js';
import { define } from '../defineCommand.js';
import type { CommandContext } from '../session/commandContext.js';

async function fetch(
  context: CommandContext,
  flags: FetchOptions,
  [name]: readonly string[],
): Promise<number> {
  const { out } = context;
  const known = fetchableWeights(name);
  const { file, url, fetched } = await fetchWeights(context, known, flags);
  const { bytes, algorithm, digest, what } = known;
  const checked = `${whole(bytes)} bytes, ${algorithm} ${digest} verified`;
  out.say(fetched ? `Wrote ${file}: ${checked}` : `${file} is there already: ${checked}`);
  const weights = flags.out ?? known.file.replace(/\.h5$/, '');
  out.say(`Begin from it with chexgpu train --weights ${weights} --network ${known.fetch.network}`);
  out.document({ command: 'fetch', name, file, url, fetched, bytes, [algorithm]: digest, what });
  return 0;
}

export const fetchCommand = define<FetchOptions>({
  name: 'fetch',
  description:
    'Fetches a public weight file into weights/ and checks its size and hash before it is used. What an interrupted ' +
    'call has fetched is kept, and gone on with.',
  examples: [
    ['chexgpu fetch imagenet-densenet121', "Keras' ImageNet base, to train from"],
    [
      'chexgpu fetch imagenet-densenet121 --url https://mirror.example/d121.h5',
      'the same file from elsewhere',
    ],
  ],
  flags: (command) =>
    command
      .argument('<name>', `${FETCHABLE.join(', ')}, or the file's own name`)
      .option('--url <address>', 'where the file lies (default: where its makers keep it)')
      .option('--out <file>', 'file to write (default: its own name in weights/)'),
  action: fetch,
});
