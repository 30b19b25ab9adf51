export function assetsModule(): string;
