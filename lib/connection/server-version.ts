/** A memcached version, comparable. */
export class ServerVersion {
  /** @param text as `version` answers it, `1.6.18`; what is no version compares as oldest. */
  constructor(readonly text: string) {}

  /** Whether the server is at least this new. */
  atLeast(major: number, minor: number, patch: number): boolean {
    const [, a, b, c] = /^(\d+)\.(\d+)\.(\d+)/.exec(this.text) ?? ['', '-1', '0', '0'];
    return (
      Number(a) > major ||
      (Number(a) === major && (Number(b) > minor || (Number(b) === minor && Number(c) >= patch)))
    );
  }
}
