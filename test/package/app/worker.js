import { predictAll } from './prediction.js';

onmessage = async ({ data: base }) => postMessage(await predictAll(base));
