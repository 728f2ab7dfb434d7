/**
 * How the process ends: with the exit code that the command chose, or with an error in one line. Node ends without
 * a word (code 13 or 0) when nothing holds the event loop while a promise is pending, as after the end of a worker
 * that was unref'd.
 */

/** Between two looks at a loop that has run dry. */
const LOOK_MS = 50;
/**
 * How long a dry loop is held open: what nothing holds (a worker that ends, the GPU's own threads) may still answer.
 * A promise that is lost must not hang the command either.
 */
const PATIENCE_MS = 10_000;

let chosen = false;

/** Ends the process on purpose. */
export function chosenExit(code: number): never {
  chosen = true;
  process.exit(code);
}

/**
 * Watches over work that is awaited: the process does not end before it, unless nothing that could answer is left.
 * @param onUnchosen called in an `exit` handler with why the process ends although nobody chose it; gives the exit code
 * @returns to be called when the work is done
 */
export function watchTheEnd(onUnchosen: (why: string) => number): () => void {
  let drySince = 0;
  let lastLook = 0;
  const onDry = (): void => {
    const now = performance.now();
    // Something other than our timer kept the loop going since the last look: it lives.
    if (drySince === 0 || now - lastLook > 4 * LOOK_MS) drySince = now;
    lastLook = now;
    // When it fires and nothing has come, the loop is dry again, and we are called again.
    if (now - drySince < PATIENCE_MS) setTimeout(() => {}, LOOK_MS);
  };
  const onExit = (code: number): void => {
    if (chosen) return;
    const dry = code === 0 || code === 13;
    process.exitCode = onUnchosen(dry ? 'nothing was left to wait for' : `exit code ${code}`);
  };
  process.on('beforeExit', onDry);
  process.on('exit', onExit);
  return () => {
    process.off('beforeExit', onDry);
    process.off('exit', onExit);
  };
}
