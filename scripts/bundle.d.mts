import type { BuildResult } from 'esbuild';

type Bundled = Promise<BuildResult<{ metafile: true }>>;
export function bundleLibrary(outdir: string): Bundled;
