/** What the library knows of a network's table of layers. */
export {
  ENDS,
  Graph,
  isEnd,
  KIND_WORDS,
  type Section,
  type Slice,
} from '../../../../src/densenet/trace/graph.js';
