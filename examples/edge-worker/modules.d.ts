// What the worker's bundler hands over for files that are no code.
declare module '*.safetensors' {
  const bytes: ArrayBuffer;
  export default bytes;
}
