/** What the compiler says about a user's shader, with the places. */
import { inScopes } from '../engine/device/errorScopes.js';
import type { Gpu } from '../engine/device/gpu.js';

/** What the compiler says about the user's text, as it stands in the file. */
export interface CompilerMessage {
  type: 'error' | 'warning' | 'info';
  /** From 1; 0 where the compiler names no place. */
  line: number;
  column: number;
  /** Characters it is about. */
  length: number;
  text: string;
}

/** Compiles a shader as it stands, without constants of the host. */
export async function compilerMessages(gpu: Gpu, label: string, source: string): Promise<CompilerMessage[]> {
  gpu.assertAlive();
  const { outcome, report } = inScopes(gpu.device, () =>
    gpu.device.createShaderModule({ label, code: source }),
  );
  if ('thrown' in outcome) throw outcome.thrown;
  const [information, { refused }] = await gpu.wait(
    Promise.all([outcome.value.getCompilationInfo(), report]),
  );
  gpu.assertAlive();
  const messages = information.messages.map(
    (m): CompilerMessage => ({
      type: m.type,
      line: m.lineNum,
      column: m.linePos,
      length: m.length,
      text: m.message,
    }),
  );
  if (refused !== null && !messages.some((m) => m.type === 'error')) {
    messages.push({ type: 'error', line: 0, column: 0, length: 0, text: refused });
  }
  return messages;
}
