export declare const NODES: Record<number, string>;
export declare const OTHER_MAJORS: readonly string[];
export declare function environmentOf(version: string): Promise<Record<string, string>>;
export declare function fastTestsOnNewest(): Promise<void>;
