export function isBuilt(sources: string, output: string, inputs: readonly string[]): boolean;
