// For Vite: a Worker loads what it needs when it needs it, as the page does; by default it is one file.
export default { worker: { format: 'es' } };
