export declare function entryPoints(manifest: { exports: Record<string, unknown> }): Record<string, string>;
export declare function programs(manifest: { bin?: Record<string, string> }): string[];
