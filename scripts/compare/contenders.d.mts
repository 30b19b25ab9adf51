export declare const CONTENDERS: Record<
  string,
  (settings: { dist: string; address: string }) => Promise<unknown>
>;
