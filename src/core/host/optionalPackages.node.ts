/**
 * The npm packages that Node's side asks for when it first needs them, here and nowhere else: `npm i chexgpu` brings
 * none of them.
 */
import { MissingPackageError, UsageError } from '../errors.js';

/** What Node says of a package that is not there, or does not load, as an error that names the command. */
function asked<T>(load: () => Promise<T>, what: string, ...packages: string[]): () => Promise<T> {
  return async () => {
    try {
      return await load();
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      const isMissing =
        code === 'ERR_MODULE_NOT_FOUND' && packages.some((name) => message.includes(`package '${name}'`));
      if (isMissing) throw new MissingPackageError(what, packages, { cause });
      throw new UsageError(
        `${what}: ${packages.join(' or ')} does not load (${message.split('\n')[0].replace(/\.$/, '')}).`,
        `Install it anew: npm i ${packages.join(' ')}`,
        { cause },
      );
    }
  };
}

/** Dawn. @throws MissingPackageError, UsageError */
export const loadWebgpu = asked(() => import('webgpu'), 'WebGPU in Node', 'webgpu');

/** @throws MissingPackageError, UsageError */
export const loadSharp = asked(
  async () => (await import('sharp')).default,
  'Reading and writing image files in Node',
  'sharp',
);

/** For a thread among others: libvips would start threads of its own in each. @throws MissingPackageError */
export async function loadSharpForThread(): Promise<void> {
  const sharp = await loadSharp();
  sharp.concurrency(1);
  sharp.cache(false);
}

interface Vega {
  readonly vega: typeof import('vega');
  readonly compile: typeof import('vega-lite').compile;
}

/** Some hundred files. @throws MissingPackageError */
export const loadVega = asked(
  async (): Promise<Vega> => {
    const [vega, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
    return { vega, compile };
  },
  'Drawing the figures of a report',
  'vega',
  'vega-lite',
);
