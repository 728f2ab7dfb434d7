/** A user's shader: what it declares, and the kernel made of it. */
import { Kernel } from '../engine/plan/kernel.js';
import { type Declarations, readDeclarations } from '../engine/wgsl/declarations.js';
import type { LabOperation } from './operations.js';

export interface UserShader {
  /** As messages call it, e.g. `my.wgsl`. */
  name: string;
  source: string;
  declared: Declarations;
  /** What its comment `// like: ...` says, if it has one. */
  like: string | undefined;
}

const LIKE = /^[^\S\n]*\/\/[^\S\n]*like:([^\n]*)$/m;

/** @param name file name, for messages */
export function userShader(name: string, text: string): UserShader {
  const source = text.replace(/^\uFEFF/, '');
  return {
    name,
    source,
    declared: readDeclarations(source),
    like: LIKE.exec(source)?.[1].trim() || undefined,
  };
}

/** The user's shader as a kernel of this operation, named after its file. */
export function userKernel({ op }: LabOperation, { name, source }: UserShader): Kernel {
  return new Kernel(op, name.replace(/\.wgsl$/, ''), source);
}
