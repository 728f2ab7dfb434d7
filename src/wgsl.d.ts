/** Shaders are real files; the bundler and the test runner hand their text over as the default export. */
declare module '*.wgsl' {
  const source: string;
  export default source;
}
