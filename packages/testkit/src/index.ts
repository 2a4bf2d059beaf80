export { type Binary, findBinary, isAtLeast, type ServerProgram } from "./servers/binary.ts";
export * from "./servers/index.ts";
