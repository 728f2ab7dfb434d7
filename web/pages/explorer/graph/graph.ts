/** What the library knows of a network's table of layers. */
export {
  type ChannelSlice as Slice,
  GRAPH_ENDS as ENDS,
  isGraphEnd as isEnd,
  LAYER_WORDS as KIND_WORDS,
  LayerGraph as Graph,
  type LayerSection as Section,
} from 'chexgpu/lab';
