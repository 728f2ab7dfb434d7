/**
 * The numbers of the WebGPU specification's GPUBufferUsage: its globals exist in browsers but not in Node, and a
 * borrowed device brings none.
 */
export const MAP_READ = 0x1;
export const COPY_SRC = 0x4;
export const COPY_DST = 0x8;
export const UNIFORM = 0x40;
export const STORAGE = 0x80;
export const QUERY_RESOLVE = 0x200;
