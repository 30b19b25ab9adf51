export function addressIn(language: 'root' | 'zh', file: string): string;
