export function repositoryUrl(): string;
