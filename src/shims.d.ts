// The AMD loader's own dependency, see publicPath.ts.
declare module 'module' {
  export const uri: string | undefined;
}

declare module '*?raw' {
  const text: string;
  export default text;
}
