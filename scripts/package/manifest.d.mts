export interface Manifest {
  name: string;
  exports: Record<string, unknown>;
  [field: string]: unknown;
}

export declare function publishedManifest(manifest: Manifest): Manifest;
